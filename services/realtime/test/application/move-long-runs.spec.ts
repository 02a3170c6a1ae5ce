import { describe, expect, test } from '@jest/globals';
import { ChooseRuntime } from '../../src/application/choose-runtime.js';
import { ModelCache } from '../../src/application/model-cache.js';
import { ModelLoader, type LoadedModel } from '../../src/application/model-loader.port.js';
import { MoveLongRuns } from '../../src/application/move-long-runs.js';
import { ModelStatistics } from '../../src/domain/model-statistics.js';
import { FakeClock } from '@myriad/kernel';
import { placementOf } from '../support.js';

class Inline extends ModelLoader {
  tierOf(): 'store' {
    return 'store';
  }
  forget(): void {
    // nothing is kept
  }
  load(): Promise<LoadedModel> {
    return Promise.resolve({ memoryBytes: 1, runSync: () => ({}), dispose: () => undefined });
  }
}

describe('MoveLongRuns', () => {
  test('a model that holds the thread for long nearly every time goes to a worker thread, one that often did stays', async () => {
    const statistics = new ModelStatistics();
    const run = () => Promise.reject(new Error('not asked'));
    const workers = { load: () => Promise.resolve({ memoryBytes: 1, run, dispose: () => undefined }) };
    const loader = new ChooseRuntime({ inline: new Inline(), workers, inlineMaxBytes: 1_000_000 });
    const cache = new ModelCache(loader, { maxBytes: 100, retryAfterMs: 1 }, new FakeClock());
    const moving = new MoveLongRuns(statistics, loader, cache);
    const [slow, quick] = [placementOf({ versionId: 'slow' }), placementOf({ versionId: 'quick' })];
    const ran = (placement: typeof slow, inferMicros: number): void => {
      statistics.answered(placement, 1, { inputMicros: 0, inferMicros, outputMicros: 0 }, 0);
      if (inferMicros > 2_000) moving.heldThread(placement);
    };
    await Promise.all([cache.load(slow), cache.load(quick)]);
    for (let i = 0; i < 19; i += 1) ran(slow, i === 7 ? 1_900 : 4_000);
    for (let i = 0; i < 40; i += 1) ran(quick, i % 5 === 0 ? 100 : 9_000);
    expect(cache.peek(slow)).toHaveProperty('runSync');
    ran(slow, 4_000);
    expect(cache.peek(slow)).toBeUndefined();
    await cache.load(slow);
    expect(cache.peek(slow)).toHaveProperty('run', run);
    expect(cache.peek(quick)).toHaveProperty('runSync');
  });
});
