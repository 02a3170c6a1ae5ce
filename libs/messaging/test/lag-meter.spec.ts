import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTelemetry, type Telemetry } from '@myriad/telemetry';
import { LagMeter } from '../src/nest/lag-meter.js';
import { silentLogger, type SubscriptionState } from '../src/index.js';

describe('LagMeter', () => {
  let telemetry: Telemetry;
  let state: SubscriptionState;
  let committed: bigint;
  beforeEach(async () => {
    telemetry = await startTelemetry({ service: 'test' });
    state = { partitions: 3, paused: 1, rebalances: 2, oldestMs: new Map([['a', Date.now() - 5_000]]) };
    committed = 4n;
  });
  afterEach(() => telemetry.shutdown());

  const meter = (): LagMeter =>
    new LagMeter({
      log: {
        lag: () =>
          Promise.resolve([
            { topic: 'a', partition: 0, committedOffset: committed, endOffset: 10n },
            { topic: 'a', partition: 1, committedOffset: 1n, endOffset: 2n },
            { topic: 'b', partition: 0, committedOffset: 7n, endOffset: 7n },
          ]),
      },
      group: 'g',
      topics: ['a', 'b'],
      subscription: { state: () => state },
      logger: silentLogger,
      intervalMs: 600_000,
    });
  const read = async (name: string, topic?: string): Promise<number> => {
    const lines = (await telemetry.metricsText()).split('\n').filter((line) => line.startsWith(`${name}{`));
    const line = lines.find((one) => topic === undefined || one.includes(`topic="${topic}"`));
    return Number(line?.split(' ').at(-1));
  };

  it('tells records and age by topic, partitions, paused ones and rebalances', async () => {
    const one = meter();
    await one.measure();
    await one.measure();
    one.stop();
    expect(await read('myriad_event_lag_records', 'a')).toBe(7);
    expect(await read('myriad_event_lag_records', 'b')).toBe(0);
    expect(await read('myriad_event_age_seconds', 'a')).toBeGreaterThanOrEqual(5);
    expect(await read('myriad_event_age_seconds', 'b')).toBe(0);
    expect(await read('myriad_event_partitions')).toBe(3);
    expect(await read('myriad_event_paused_partitions')).toBe(1);
    expect(await read('myriad_event_rebalances_total')).toBe(2);
  });

  it('lets the age of what no member has read grow while nothing is committed, and starts anew with each commit', async () => {
    state = { ...state, oldestMs: new Map() };
    const one = meter();
    await one.measure();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await one.measure();
    const grown = await read('myriad_event_age_seconds', 'a');
    committed = 5n;
    await one.measure();
    one.stop();
    expect(grown).toBeGreaterThan(0.02);
    expect(await read('myriad_event_age_seconds', 'a')).toBeLessThan(grown);
  });
});
