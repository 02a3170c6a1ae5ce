import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import { LoadHistory } from '../../src/application/load-history.js';
import { ModelCache, type ModelCacheOptions } from '../../src/application/model-cache.js';
import { ModelLoader, type LoadedModel, type Tier } from '../../src/application/model-loader.port.js';
import type { Placement } from '../../src/domain/placement.js';
import { RoutingTable } from '../../src/domain/routing-table.js';
import { placedIn, placementOf } from '../support.js';

class LoaderOfTest extends ModelLoader {
  loads: string[] = [];
  disposed: string[] = [];
  gates = new Map<string, Promise<void>>();
  failure: Error | undefined;
  forgotten: string[] = [];
  /** How long loads take, moved on by hand. */
  tookMs: (placement: Placement) => number = () => 1;
  nowMs = 0;

  tierOf(): Tier {
    return 'store';
  }

  forget(placement: Placement): void {
    this.forgotten.push(placement.versionId);
  }

  async load(placement: Placement): Promise<LoadedModel> {
    this.loads.push(placement.versionId);
    await this.gates.get(placement.versionId);
    this.nowMs += this.tookMs(placement);
    if (this.failure !== undefined) throw this.failure;
    return {
      memoryBytes: placement.sizeBytes,
      runSync: () => ({}),
      dispose: () => void this.disposed.push(placement.versionId),
    };
  }
}

const table = new RoutingTable('production', 'tabular-small');
/** Each version is another model's. */
const model = (versionId: string, sizeBytes = 100, tenantId = 'aa'): Placement =>
  placedIn(table, placementOf({ tenantId, modelName: `${versionId}-${sizeBytes}`, versionId, sizeBytes }));
const setUp = (maxBytes = 300, limits: Partial<ModelCacheOptions> = {}) => {
  const loader = new LoaderOfTest();
  const clock = new FakeClock();
  const history = new LoadHistory();
  const options = { maxBytes, retryAfterMs: 3_000, stopwatch: () => loader.nowMs, ...limits };
  return { loader, clock, history, cache: new ModelCache(loader, options, clock, history) };
};

describe('ModelCache', () => {
  test('loads once for many who ask at the same time', async () => {
    const { loader, cache } = setUp();
    await Promise.all(Array.from({ length: 50 }, () => cache.load(model('a'))));
    expect(loader.loads).toEqual(['a']);
    expect(cache.peek(model('a'))).toBeDefined();
    expect(cache.state).toMatchObject({ models: 1, bytes: 100, loads: 1 });
  });

  test('a slow load holds up no other', async () => {
    const { loader, cache } = setUp();
    let open!: () => void;
    loader.gates.set('slow', new Promise((resolve) => (open = resolve)));
    const slow = cache.load(model('slow'));
    await cache.load(model('quick'));
    expect(cache.peek(model('slow'))).toBeUndefined();
    expect(cache.peek(model('quick'))).toBeDefined();
    open();
    await slow;
    expect(cache.peek(model('slow'))).toBeDefined();
  });

  test('frees what was used least, of equals the one loaded first, when the memory is full', async () => {
    const { loader, cache } = setUp();
    for (const id of ['a', 'b', 'c']) await cache.load(model(id));
    cache.peek(model('a'));
    await cache.load(model('d'));
    expect(loader.disposed).toEqual(['b']);
    await cache.load(model('big', 250));
    expect(loader.disposed).toEqual(['b', 'c', 'a', 'd']);
    expect(cache.state).toMatchObject({ models: 1, bytes: 250, evictions: 4 });
  });

  test('keeps what is dear to load, and says what its loads cost and why a version went', async () => {
    const { loader, cache, clock, history } = setUp();
    loader.tookMs = ({ versionId }) => (versionId === 'dear' ? 40 : 1);
    for (const id of ['dear', 'a', 'b']) await cache.load(model(id));
    for (const id of ['c', 'd', 'e']) await cache.load(model(id));
    expect(cache.look(model('dear'))).toMatchObject({ memoryBytes: 100, uses: 1, tenantBytes: 300 });
    expect(loader.disposed).toEqual(['a', 'b', 'c']);
    expect(history.of(model('a'))).toEqual({
      loads: [{ startedAtMs: clock.nowMs(), tookMs: 1, from: 'store', reason: '' }],
      eviction: { atMs: clock.nowMs(), uses: 1, isForOwnTenant: true },
    });
    expect(cache.look(model('a'))).toMatchObject({ memoryBytes: 0, uses: 0 });
  });

  test('a tenant that asks for ever more leaves another its floor', async () => {
    const { cache } = setUp(300, { tenantFloorBytes: 100 });
    const quiet = model('quiet', 100, 'bb');
    await cache.load(quiet);
    for (let i = 0; i < 20; i += 1) {
      await cache.load(model(`loud-${i}`));
      for (let use = 0; use < 10; use += 1) cache.peek(model(`loud-${i}`));
    }
    expect(cache.peek(quiet)).toBeDefined();
  });

  test('remembers why a load failed, forgets it with what is unloaded, and the copy with what is removed', async () => {
    const { loader, cache, clock, history } = setUp();
    loader.failure = new Error('the store is away');
    await expect(cache.load(model('a'))).rejects.toThrow();
    expect(history.of(model('a')).loads).toMatchObject([{ reason: 'the store is away' }]);
    expect(cache.look(model('a')).failure?.untilMs).toBe(clock.nowMs() + 3_000);
    cache.unload(model('a'));
    expect(cache.look(model('a')).failure).toBeUndefined();
    expect(loader.forgotten).toEqual([]);
    cache.forget(model('a'));
    expect(loader.forgotten).toEqual(['a']);
  });

  test('a model that is larger than all the memory is refused, pushes nobody out, and is freed', async () => {
    const { loader, cache } = setUp();
    await cache.load(model('a'));
    await expect(cache.load(model('huge', 301))).rejects.toMatchObject({ code: 'realtime.model_unavailable' });
    expect(loader.disposed).toEqual(['huge']);
    expect(cache.peek(model('a'))).toBeDefined();
  });

  test('remembers a failure with its reason for a while, then tries again', async () => {
    const { loader, cache, clock } = setUp();
    loader.failure = new Error('the store is away');
    const refused = {
      code: 'realtime.model_unavailable',
      retryAfterSeconds: 3,
      message: expect.stringContaining('the store is away') as unknown,
    };
    await expect(cache.load(model('a'))).rejects.toMatchObject(refused);
    loader.failure = undefined;
    clock.advance(2_999);
    await expect(cache.load(model('a'))).rejects.toMatchObject(refused);
    expect(loader.loads).toEqual(['a']);
    clock.advance(1);
    await cache.load(model('a'));
    expect(loader.loads).toEqual(['a', 'a']);
    expect(cache.state).toMatchObject({ loads: 1, failures: 1 });
  });

  test('everyone who waited for a load that fails is told, and one failure is counted', async () => {
    const { loader, cache } = setUp();
    loader.failure = new Error('broken');
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => cache.load(model('a'))));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(cache.state.failures).toBe(1);
  });

  test('unload frees the memory at once and once', async () => {
    const { loader, cache } = setUp();
    await cache.load(model('a'));
    cache.unload(model('a'));
    cache.unload(model('a'));
    expect(loader.disposed).toEqual(['a']);
    expect(cache.state).toMatchObject({ models: 0, bytes: 0 });
  });

  test('the same version id of two tenants is two models', async () => {
    const { loader, cache } = setUp();
    await cache.load(model('a'));
    expect(cache.peek(model('a', 100, 'bb'))).toBeUndefined();
    await cache.load(model('a', 100, 'bb'));
    expect(loader.loads).toHaveLength(2);
  });

  test('a version that was replaced while it was loaded takes no place from the one that has its row', async () => {
    const { loader, cache } = setUp();
    const rows = new RoutingTable('production', 'tabular-small');
    const old = placedIn(rows, placementOf({ versionId: 'old', sizeBytes: 100 }));
    let open!: () => void;
    loader.gates.set('old', new Promise((resolve) => (open = resolve)));
    const late = cache.load(old);
    rows.apply(placementOf({ versionId: 'old', generation: 2, status: 'removed' }));
    const next = placedIn(rows, placementOf({ modelName: 'other', versionId: 'next', sizeBytes: 100 }));
    expect(next.row).toBe(old.row);
    await cache.load(next);
    open();
    await late;
    expect(cache.peek(old)).toBeUndefined();
    expect(cache.peek(next)).toBeDefined();
    expect(loader.disposed).toEqual(['old']);
    expect(cache.state).toMatchObject({ models: 1, bytes: 100 });
  });

  test('close frees all, also what is still being loaded', async () => {
    const { loader, cache } = setUp();
    let open!: () => void;
    await cache.load(model('a'));
    loader.gates.set('b', new Promise((resolve) => (open = resolve)));
    const late = cache.load(model('b'));
    await cache.close();
    open();
    await expect(late).rejects.toMatchObject({ code: 'realtime.model_unavailable' });
    expect(loader.disposed).toEqual(['a', 'b']);
  });
});
