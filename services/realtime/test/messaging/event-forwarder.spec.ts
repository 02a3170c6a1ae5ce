import { describe, expect, test } from '@jest/globals';
import { eventsByType, type CloudEvent, type EventData, type usageMeteredV1 } from '@myriad/contracts';
import { FakeClock, ProblemError } from '@myriad/kernel';
import type { PublishedEvent } from '@myriad/messaging';
import { createLogger } from '@myriad/telemetry';
import type { ModelState, SampledPrediction } from '../../src/application/event-sink.port.js';
import { UsageLedger } from '../../src/domain/usage-ledger.js';
import { EventForwarder } from '../../src/messaging/event-forwarder.js';
import { placementOf } from '../support.js';

type UsageEvent = CloudEvent<EventData<typeof usageMeteredV1>>;

function setUp(answer?: () => Promise<void>) {
  const clock = new FakeClock();
  const usage = new UsageLedger(clock.nowMs());
  const log = { sent: [] as CloudEvent[][], failure: undefined as Error | undefined };
  const publish = (events: readonly PublishedEvent[]): Promise<void> => {
    log.sent.push(events.map((item) => item.event));
    if (answer) return answer();
    return log.failure === undefined ? Promise.resolve() : Promise.reject(log.failure);
  };
  const errors: unknown[] = [];
  const logger = createLogger({ service: 'test', level: 'silent' });
  logger.error = (...said: unknown[]): void => void errors.push(said);
  const shadowUsage = new UsageLedger(clock.nowMs());
  const forwarder = new EventForwarder({
    publish,
    usage,
    shadowUsage,
    clock,
    logger,
    replicaId: 'r0',
    intervalMs: 1_000,
  });
  return { clock, usage, log, forwarder, errors };
}

const state = (more: Partial<ModelState>): ModelState => ({
  ...(eventsByType.get('realtime.model-state-changed.v1')!.example as ModelState),
  ...more,
});
const sample = (more: Partial<SampledPrediction> = {}): SampledPrediction => ({
  ...(eventsByType.get('realtime.prediction-sampled.v1')!.example as SampledPrediction),
  ...more,
});
const away = new ProblemError({ kind: 'unavailable', code: 'messaging.unavailable', detail: 'away' });

describe('EventForwarder', () => {
  test('sends each window of use once, by its contract', async () => {
    const { clock, usage, log, forwarder } = setUp();
    usage.answered(placementOf({ version: 3 }), 5, 40);
    clock.advance(1_000);
    expect(await forwarder.flush()).toBe(true);
    expect(await forwarder.flush()).toBe(true);
    expect(log.sent).toHaveLength(1);
    const event = log.sent[0]![0] as UsageEvent;
    expect(event.type).toBe('realtime.usage-metered.v1');
    expect(event.tenantid).toBe('aa');
    expect(event.data).toMatchObject({ version: 3, requests: 1, rows: 5, computeMicros: 40, replicaId: 'r0' });
    expect(Date.parse(event.data.windowEnd) - Date.parse(event.data.windowStart)).toBe(1_000);
  });

  test('while the log is away the same events are tried again, and use is counted on', async () => {
    const { usage, log, forwarder } = setUp();
    const placement = placementOf();
    usage.answered(placement, 1, 10);
    log.failure = away;
    expect(await forwarder.flush()).toBe(false);
    usage.answered(placement, 1, 10);
    usage.answered(placement, 1, 10);
    expect(await forwarder.flush()).toBe(false);
    log.failure = undefined;
    expect(await forwarder.flush()).toBe(true);
    expect(await forwarder.flush()).toBe(true);
    expect(new Set(log.sent.slice(0, 3).map(([event]) => event!.id)).size).toBe(1);
    const acknowledged = log.sent.slice(2).flat() as UsageEvent[];
    expect(acknowledged.map((event) => event.data.requests)).toEqual([1, 2]);
  });

  test('a state is sent at once, and of each model only the newest', async () => {
    const { log, forwarder } = setUp();
    log.failure = away;
    forwarder.modelState(state({ generation: 1 }));
    await forwarder.flush();
    forwarder.modelState(state({ generation: 2, state: 'failed' }));
    forwarder.modelState(state({ generation: 3 }));
    log.failure = undefined;
    await forwarder.flush();
    await forwarder.flush();
    const generations = log.sent.flat().map((event) => (event.data as ModelState).generation);
    expect(generations.at(-1)).toBe(3);
    expect(generations).not.toContain(2);
  });

  test('a state begins no new window of use', async () => {
    const { usage, log, forwarder } = setUp();
    usage.answered(placementOf(), 1, 10);
    forwarder.modelState(state({ generation: 1 }));
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(log.sent.flat().map((event) => event.type)).toEqual(['realtime.model-state-changed.v1']);
    await forwarder.flush();
    expect(log.sent.flat().map((event) => event.type)).toEqual([
      'realtime.model-state-changed.v1',
      'realtime.usage-metered.v1',
    ]);
  });

  test('keeps a thousand samples and counts what it drops', async () => {
    const { log, forwarder } = setUp();
    for (let i = 0; i < 1_100; i += 1) forwarder.sample(sample());
    expect(forwarder.droppedSamples).toBe(100);
    await forwarder.flush();
    expect(log.sent.map((events) => events.length)).toEqual(Array<number>(10).fill(100));
  });

  test('what the log will never take is dropped alone', async () => {
    const { usage, log, forwarder } = setUp();
    usage.answered(placementOf(), 1, 1);
    forwarder.sample(sample());
    const taken: string[] = [];
    const refuse = (forwarder as unknown as { options: { publish: unknown } }).options;
    refuse.publish = (events: readonly PublishedEvent[]) => {
      if (events.some(({ event }) => event.type.includes('sampled')))
        return Promise.reject(
          new ProblemError({ kind: 'too-large', code: 'messaging.record_too_large', detail: 'big' }),
        );
      taken.push(...events.map(({ event }) => event.type));
      return Promise.resolve();
    };
    expect(await forwarder.flush()).toBe(true);
    expect(taken).toEqual(['realtime.usage-metered.v1']);
    expect(log.sent).toEqual([]);
  });

  test('an event against its contract holds up nobody', async () => {
    const { usage, log, forwarder } = setUp();
    usage.answered(placementOf(), 1, 1);
    forwarder.sample(sample({ version: -1 }));
    expect(await forwarder.flush()).toBe(true);
    expect(log.sent.flat().map((event) => event.type)).toEqual(['realtime.usage-metered.v1']);
  });

  test('close sends the rest, and gives up after its time when the log stays away', async () => {
    const first = setUp();
    first.usage.answered(placementOf(), 1, 1);
    await first.forwarder.close();
    expect(first.log.sent).toHaveLength(1);
    const second = setUp();
    second.usage.answered(placementOf(), 1, 1);
    second.log.failure = away;
    const closing = second.forwarder.close(250);
    for (let i = 0; i < 1_000; i += 1) {
      await Promise.resolve();
      second.clock.advance(1);
    }
    await closing;
    expect(second.log.sent.length).toBeGreaterThan(1);
  });

  test('close waits no longer for a log that never answers, and says what may be lost', async () => {
    const { usage, forwarder, errors } = setUp(() => new Promise(() => undefined));
    usage.answered(placementOf(), 1, 1);
    void forwarder.flush();
    usage.answered(placementOf({ modelName: 'other' }), 1, 1);
    const fromMs = performance.now();
    await forwarder.close(50);
    expect(performance.now() - fromMs).toBeLessThan(2_000);
    expect(errors).toEqual([[{ events: 2 }, expect.stringContaining('may be lost')]]);
  });
});
