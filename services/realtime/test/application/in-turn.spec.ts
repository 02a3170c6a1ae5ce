import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock, systemContext, tenantId, type RequestContext } from '@myriad/kernel';
import { FairTurns } from '../../src/application/fair-turns.js';
import { FindModel } from '../../src/application/find-model.js';
import { InTurn } from '../../src/application/in-turn.js';
import { ModelCache } from '../../src/application/model-cache.js';
import { ModelLoader, type LoadedModel } from '../../src/application/model-loader.port.js';
import type { Placement } from '../../src/domain/placement.js';
import { RoutingTable } from '../../src/domain/routing-table.js';
import { placementOf } from '../support.js';

/** Loads end when the test says so; a model that was freed and is run all the same says so. */
class LoaderByHand extends ModelLoader {
  readonly waiting: (() => void)[] = [];

  tierOf(): 'store' {
    return 'store';
  }
  forget(): void {
    // nothing is kept
  }
  load(placement: Placement): Promise<LoadedModel> {
    let isFreed = false;
    const model: LoadedModel = {
      memoryBytes: 100,
      runSync: () => {
        if (isFreed) throw new Error('a freed model was run');
        const owner = `${placement.tenantId}/${placement.modelName}/${placement.version}`;
        return { owner: { datatype: 'BYTES', shape: [1], data: [owner] } };
      },
      dispose: () => {
        isFreed = true;
      },
    };
    return new Promise((resolve) => {
      this.waiting.push(() => {
        resolve(model);
      });
    });
  }
}

const TENANTS = ['aa', 'bb', 'cc'];
const MODELS = ['m', 'n'];
const contextOf = (tenant: string): RequestContext => systemContext('test', tenantId(tenant));

function setUp(maxBytes: number) {
  const clock = new FakeClock();
  const deferred: (() => void)[] = [];
  let nowMs = 0;
  const table = new RoutingTable('production', 'tabular-small');
  const loader = new LoaderByHand();
  const cache = new ModelCache(loader, { maxBytes, retryAfterMs: 1_000, stopwatch: () => nowMs }, clock);
  const options = { waitingPerTenant: 1_000, maxWaitMs: 60_000, clock };
  const turns = new FairTurns({ ...options, stopwatch: () => (nowMs += 0.3), defer: (run) => void deferred.push(run) });
  const inTurn = new InTurn(new FindModel(table, cache, clock), turns);
  const versions = new Map<string, number>();
  const place = (tenant: string, modelName: string): void => {
    const key = `${tenant}/${modelName}`;
    const version = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    const placement = placementOf({
      tenantId: tenant,
      modelName,
      version,
      versionId: `${key}/${version}`,
      generation: version,
    });
    const change = table.apply(placement);
    if (change.kind === 'pending') table.promoteRow(change.row);
  };
  const ask = (tenant: string, modelName: string): Promise<string> => {
    const answer = ({ model, placement }: { model: LoadedModel; placement: Placement }): string =>
      `${String(model.runSync?.({})['owner']?.data[0])} as ${placement.version}`;
    return Promise.resolve(inTurn.run(contextOf(tenant), { modelName }, { answer, failed: () => undefined }));
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  /** Ends loads and lets the queue work until all are answered. */
  const finish = async (answers: readonly Promise<void>[]): Promise<void> => {
    const seen = { isOver: false };
    const all = Promise.all(answers).finally(() => (seen.isOver = true));
    while (!seen.isOver) {
      for (const end of loader.waiting.splice(0)) end();
      for (const run of deferred.splice(0)) run();
      await settle();
    }
    await all;
  };
  return { cache, loader, deferred, versions, place, ask, settle, finish };
}

describe('InTurn', () => {
  test('under any interleaving of loads, evictions, flips and requests nobody gets the answer of another model, or of none', async () => {
    const what = fc.record({ tenant: fc.constantFrom(...TENANTS), model: fc.constantFrom(...MODELS) });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), what }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('flip' as const), what }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('load' as const), pick: fc.nat() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('work' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.constantFrom(100, 200, 400), async (steps, maxBytes) => {
        const { loader, deferred, versions, place, ask, settle, finish } = setUp(maxBytes);
        for (const tenant of TENANTS) for (const model of MODELS) place(tenant, model);
        const answers: Promise<void>[] = [];
        const askedFor = async (tenant: string, model: string): Promise<void> => {
          const latest = (): number => versions.get(`${tenant}/${model}`) ?? 0;
          const before = latest();
          const text = await ask(tenant, model).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'realtime.model_unavailable' });
          });
          if (text === undefined) return;
          const [, version, as] = new RegExp(`^${tenant}/${model}/(\\d+) as (\\d+)$`).exec(text) ?? [];
          expect(version).toBe(as);
          // never older than what was served when it was asked, never newer than what is now
          expect(Number(version)).toBeGreaterThanOrEqual(before);
          expect(Number(version)).toBeLessThanOrEqual(latest());
        };
        for (const one of steps) {
          if (one.do === 'ask') answers.push(askedFor(one.what.tenant, one.what.model));
          else if (one.do === 'flip') place(one.what.tenant, one.what.model);
          else if (one.do === 'load') loader.waiting.splice(one.pick % Math.max(1, loader.waiting.length), 1)[0]?.();
          else if (one.do === 'work') deferred.shift()?.();
          else await settle();
        }
        await finish(answers);
      }),
      { numRuns: 150 },
    );
  });

  test('with the model in memory and nobody before it, a request is answered without a promise', async () => {
    const { loader, place, ask, settle, deferred } = setUp(1_000);
    place('aa', 'm');
    const first = ask('aa', 'm');
    await settle();
    loader.waiting.shift()?.();
    await settle();
    deferred.shift()?.();
    expect(await first).toBe('aa/m/1 as 1');
    expect(await ask('aa', 'm')).toBe('aa/m/1 as 1');
    expect(deferred).toEqual([]);
  });
});
