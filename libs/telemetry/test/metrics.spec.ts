import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { counter, gauge, histogram, observedGauge, startTelemetry, type Telemetry } from '../src/index.js';

describe('metrics', () => {
  const early = counter('myriad_early_total', 'Made before telemetry started');
  let telemetry: Telemetry;
  beforeAll(async () => {
    telemetry = await startTelemetry({ service: 'batch' });
  });
  afterAll(async () => {
    await telemetry.shutdown();
  });

  it('counts with labels, also on an instrument made before the start', async () => {
    early.add();
    early.add(2, { outcome: 'done' });
    const text = await telemetry.metricsText();
    expect(text).toContain('# HELP myriad_early_total Made before telemetry started');
    expect(text).toContain('# TYPE myriad_early_total counter');
    expect(text).toMatch(/^myriad_early_total 1$/m);
    expect(text).toMatch(/^myriad_early_total\{outcome="done"\} 2$/m);
  });

  it('sorts values into the given buckets', async () => {
    const seconds = histogram('myriad_wait_seconds', 'Wait', { unit: 'seconds', bounds: [0.1, 1] });
    for (const value of [0.05, 0.5, 5]) seconds.record(value);
    const text = await telemetry.metricsText();
    expect(text).toMatch(/^myriad_wait_seconds_bucket\{le="0.1"\} 1$/m);
    expect(text).toMatch(/^myriad_wait_seconds_bucket\{le="1"\} 2$/m);
    expect(text).toMatch(/^myriad_wait_seconds_bucket\{le="\+Inf"\} 3$/m);
    expect(text).toMatch(/^myriad_wait_seconds_count 3$/m);
  });

  it('keeps the last value of a gauge and reads observed ones when asked', async () => {
    let depth = 3;
    const end = observedGauge('myriad_depth', 'Depth', () => depth);
    gauge('myriad_level', 'Level').set(7);
    expect(await telemetry.metricsText()).toMatch(/^myriad_depth 3$/m);
    depth = 4;
    expect(await telemetry.metricsText()).toMatch(/^myriad_depth 4$/m);
    expect(await telemetry.metricsText()).toMatch(/^myriad_level 7$/m);
    end();
    depth = 5;
    expect(await telemetry.metricsText()).not.toContain('myriad_depth 5');
  });

  it('says what the process uses and which service it is', async () => {
    const text = await telemetry.metricsText();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_used_bytes'])
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(text).toContain('service_name="batch"');
  });

  it('starts anew after a shutdown', async () => {
    early.add(40);
    await telemetry.shutdown();
    telemetry = await startTelemetry({ service: 'batch' });
    early.add(5);
    expect(await telemetry.metricsText()).toMatch(/^myriad_early_total 5$/m);
  });
});
