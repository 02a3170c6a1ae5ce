import { describe, expect, test } from '@jest/globals';
import { systemClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { ApplyPlacement } from '../../src/application/apply-placement.js';
import { EventSink, type ModelState } from '../../src/application/event-sink.port.js';
import { LoadOnnxModel, memoryOf } from '../../src/application/load-onnx-model.js';
import { ModelCache } from '../../src/application/model-cache.js';
import { TrialComparisons } from '../../src/domain/trial-comparisons.js';
import { RoutingTable } from '../../src/domain/routing-table.js';
import type { PlacementChange } from '../../src/domain/placement.js';
import { fixture, placementOf, StoreOfTest } from '../support.js';

class SinkOfTest extends EventSink {
  states: ModelState[] = [];
  modelState(state: ModelState): void {
    this.states.push(state);
  }
  sample(): void {
    throw new Error('nothing is sampled here');
  }
}

/** No pauses: what waits is tried again at once. */
const impatient = { nowMs: () => systemClock.nowMs(), sleep: () => Promise.resolve() };

function setUp(maxBytes = 10_000_000) {
  const store = new StoreOfTest();
  const events = new SinkOfTest();
  const table = new RoutingTable('production', 'tabular-small');
  const cache = new ModelCache(new LoadOnnxModel(store, maxBytes), { maxBytes, retryAfterMs: 1_000 }, impatient);
  const logger = createLogger({ service: 'test', level: 'silent' });
  const placements = new ApplyPlacement({
    table,
    cache,
    events,
    comparisons: new TrialComparisons(),
    clock: impatient,
    logger,
    replicaId: 'r0',
  });
  for (const tenant of ['aa', 'bb'])
    for (const name of ['logistic', 'forest']) {
      store.put(tenant, fixture(`${name}.onnx`));
      store.put(tenant, fixture(`${name}.parity.json`));
    }
  const answering = ({ tenantId, modelName }: PlacementChange) => table.find(tenantId, modelName);
  /** Whether what answers is this version, in memory. */
  const isServed = (change: PlacementChange): boolean => {
    const placement = answering(change);
    return placement?.versionId === change.versionId && cache.has(placement);
  };
  return { store, events, table, cache, placements, answering, isServed };
}

const parity = (store: StoreOfTest, name: string) => store.put('aa', fixture(`${name}.parity.json`));
const forest = fixture('forest.onnx');

describe('ApplyPlacement', () => {
  test('loads a placed version, runs the recorded rows, and says it is ready', async () => {
    const { store, events, isServed, placements } = setUp();
    placements.start();
    const placement = placementOf({ parityDigest: parity(store, 'logistic') });
    placements.apply(placement, Date.now());
    await placements.idle();
    expect(isServed(placement)).toBe(true);
    expect(events.states).toMatchObject([{ state: 'ready', generation: 1, replicaId: 'r0', reason: '' }]);
  });

  test('a version that does not give what its trainer recorded is not served, and the one before goes on', async () => {
    const { store, events, isServed, cache, placements } = setUp();
    placements.start();
    const first = placementOf();
    placements.apply(first, 0);
    await placements.idle();
    const wrong = placementOf({ version: 2, generation: 2, parityDigest: parity(store, 'logistic') }, forest);
    placements.apply(wrong, 0);
    await placements.idle();
    expect(events.states.at(-1)).toMatchObject({
      state: 'failed',
      version: 2,
      reason: expect.stringContaining("output 'label', value 2") as unknown,
    });
    expect(isServed(first)).toBe(true);
    expect(cache.state.models).toBe(1);
  });

  test('a new version takes over when it is loaded, and not before', async () => {
    const { store, answering, placements } = setUp();
    placements.start();
    const [first, second] = [placementOf(), placementOf({ version: 2, generation: 2 }, forest)];
    placements.apply(first, 0);
    await placements.idle();
    let open!: () => void;
    store.gate = new Promise((resolve) => (open = resolve));
    placements.apply(second, 0);
    expect(answering(first)?.versionId).toBe(first.versionId);
    open();
    await placements.idle();
    expect(answering(first)?.versionId).toBe(second.versionId);
  });

  test('memory holds as many versions as answer, however often a model is replaced', async () => {
    const { store, events, cache, isServed, placements } = setUp();
    placements.start();
    for (let version = 1; version <= 6; version += 1) {
      const one = placementOf({ version, generation: version }, version % 2 === 0 ? forest : undefined);
      placements.apply(one, 0);
      await placements.idle();
      expect(isServed(one)).toBe(true);
      expect(cache.state.models).toBe(1);
    }
    expect(events.states.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'ready'));
    expect(store.reads).toBe(6);
  });

  test('a placement that is delivered twice is loaded and told once', async () => {
    const { store, events, placements } = setUp();
    placements.start();
    const placement = placementOf();
    placements.apply(placement, 0);
    placements.apply({ ...placement }, 0);
    await placements.idle();
    placements.apply({ ...placement }, 0);
    await placements.idle();
    expect(store.reads).toBe(1);
    expect(events.states).toHaveLength(1);
  });

  test('a version that was overtaken while it was loaded is freed and not told', async () => {
    const { store, events, cache, placements } = setUp();
    placements.start();
    placements.apply(placementOf(), 0);
    await placements.idle();
    let open!: () => void;
    store.gate = new Promise((resolve) => (open = resolve));
    placements.apply(placementOf({ version: 2, generation: 2 }, forest), 0);
    const third = placementOf({ version: 3, generation: 3 });
    placements.apply(third, 0);
    open();
    await placements.idle();
    expect(events.states.map(({ version, state }) => `${version} ${state}`)).toEqual(['1 ready', '3 ready']);
    expect(cache.state.models).toBe(1);
  });

  test('a removed model is freed and told', async () => {
    const { events, answering, cache, placements } = setUp();
    placements.start();
    const placement = placementOf();
    placements.apply(placement, 0);
    await placements.idle();
    placements.apply({ ...placement, generation: 2, status: 'removed' }, 0);
    expect(answering(placement)).toBeUndefined();
    expect(cache.state).toMatchObject({ models: 0, bytes: 0 });
    expect(events.states.at(-1)).toMatchObject({ state: 'unloaded', generation: 2 });
  });

  test('what was placed lately is loaded at the start even where older ones have to go, and told', async () => {
    const { events, isServed, placements } = setUp(1.5 * memoryOf(placementOf()));
    const old = placementOf({ modelName: 'old' });
    placements.apply(old, Date.now() - 7_200_000);
    const lately = [1, 2].map((version) => placementOf({ version, generation: version }));
    for (const placement of lately) placements.apply(placement, Date.now() - 60_000);
    placements.start();
    await placements.idle();
    expect(isServed(lately[1]!)).toBe(true);
    expect(events.states).toMatchObject([{ state: 'ready', version: 2 }]);
  });

  test('a store that fails for a moment is tried again before anything is told', async () => {
    const { store, events, placements } = setUp();
    placements.start();
    store.failure = new Error('away');
    const bytes = store.getBytes.bind(store);
    store.getBytes = (tenant, digest) => {
      if (store.reads === 2) store.failure = undefined;
      return bytes(tenant, digest);
    };
    placements.apply(placementOf(), 0);
    await placements.idle();
    expect(store.reads).toBe(3);
    expect(events.states).toMatchObject([{ state: 'ready' }]);
  });

  test('missing bytes are a failure that is told with its reason', async () => {
    const { events, placements } = setUp();
    placements.start();
    placements.apply(placementOf({ tenantId: 'cc' }), 0);
    await placements.idle();
    expect(events.states).toMatchObject([
      { state: 'failed', tenantId: 'cc', reason: expect.stringContaining('no object') as unknown },
    ]);
  });

  test('at the start only the newest version of each model is loaded, the newest placements first, as far as there is room', async () => {
    const one = memoryOf(placementOf());
    const { store, events, answering, isServed, cache, placements } = setUp(2.5 * one);
    const now = Date.now();
    const old = (hours: number): number => now - hours * 3_600_000;
    const names = ['a', 'b', 'c'];
    for (const modelName of names) placements.apply(placementOf({ modelName }), old(9));
    const newest = names.map((modelName) => placementOf({ modelName, version: 2, generation: 2 }));
    newest.forEach((placement, i) => {
      placements.apply(placement, old(8 - i));
    });
    expect(store.reads).toBe(0);
    placements.start();
    await placements.idle();
    expect(newest.map(isServed)).toEqual([false, true, true]);
    expect(events.states).toEqual([]);
    expect(cache.state).toMatchObject({ models: 2, evictions: 0 });
    expect(newest.map((placement) => answering(placement)?.version)).toEqual([2, 2, 2]);
  });
});
