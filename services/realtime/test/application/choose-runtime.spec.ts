import { describe, expect, test } from '@jest/globals';
import { ChooseRuntime } from '../../src/application/choose-runtime.js';
import {
  ModelLoader,
  type DetachedModel,
  type DetachedRuntime,
  type LoadedModel,
} from '../../src/application/model-loader.port.js';
import { placementOf, type PlacementData } from '../support.js';

const inlineModel: LoadedModel = { memoryBytes: 1, runSync: () => ({}), dispose: () => undefined };

class Inline extends ModelLoader {
  tierOf(): 'store' {
    return 'store';
  }
  forget(): void {
    // nothing is kept
  }
  load(): Promise<LoadedModel> {
    return Promise.resolve(inlineModel);
  }
}

/** Notes what it is asked. */
function detached(): DetachedRuntime & { readonly model: DetachedModel; readonly verified: boolean[] } {
  const model: DetachedModel = { memoryBytes: 1, run: () => Promise.reject(new Error('no')), dispose: () => undefined };
  const verified: boolean[] = [];
  return {
    model,
    verified,
    load: (_placement, isVerified) => {
      verified.push(isVerified);
      return Promise.resolve(model);
    },
  };
}

const serving = (way: 'kernel' | 'whole', micros: number): Partial<PlacementData> => ({
  serving: { way, micros, memoryBytes: 1, split: null },
});

describe('ChooseRuntime', () => {
  const workers = detached();
  const runtime = new ChooseRuntime({ inline: new Inline(), workers, inlineMaxBytes: 1_000 });

  test.each([
    ['a small file', { sizeBytes: 1_000 }, inlineModel],
    ['a large file', { sizeBytes: 1_001 }, workers.model],
    ['a large file whose kernel is quick', { sizeBytes: 1_001, ...serving('kernel', 40) }, inlineModel],
    ['a large file that is served whole', { sizeBytes: 1_001, ...serving('whole', 40) }, workers.model],
    ['a small file that is slow', { sizeBytes: 10, ...serving('whole', 2_001) }, workers.model],
  ])('%s', async (_what, more, expected) => {
    expect(await runtime.load(placementOf(more))).toBe(expected);
  });

  test('what was checked once is not checked again; a remote pool runs all of its models there', async () => {
    const remote = detached();
    const there = new ChooseRuntime({ inline: new Inline(), workers, remote, inlineMaxBytes: 1_000 });
    const placement = placementOf({ sizeBytes: 10 });
    expect(await there.load(placement)).toBe(remote.model);
    await there.load(placement);
    expect(remote.verified).toEqual([false, true]);
  });
});
