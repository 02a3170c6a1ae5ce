// A fleet under Zipf traffic, simulated with the code that the gateway and realtime run (libs/placement), request by request, from fixed seeds: 1,000 replicas with memory for a tenth of
// 10⁷ models, of which one leaves and one comes again and again. How even the load is, how often a model is in memory, how many models move; beside plain rendezvous hashing and LRU
// on the same requests. BENCH_MODELS, BENCH_REPLICAS, BENCH_REQUESTS for other sizes.
import { EvictionIndex, Rendezvous, hashText } from '@myriad/placement';
import { evictionCost } from './lib/eviction-cost.mjs';
import { fairShares } from './lib/fair-shares.mjs';
import { Fleet } from './lib/fleet.mjs';
import { LruCache } from './lib/lru-cache.mjs';
import { seeded, zipfRank } from './lib/random.mjs';

const MODELS = Number(process.env.BENCH_MODELS ?? 10_000_000);
const REPLICAS = Number(process.env.BENCH_REPLICAS ?? 1_000);
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 8_000_000);
const IN_MEMORY = 0.1;
/** In so many parts of the run one replica leaves and another comes. */
const CHURNS = 20;
/** Coprime with the number of models: neighbours in rank are no neighbours in anything else. */
const STRIDE = 7_368_787;

const idsOf = (count) => Array.from({ length: count }, (_none, at) => `realtime-production-tabular-small-${at + 1}`);
const modelOf = (rank) => (rank * STRIDE) % MODELS;
/** Ten models a tenant. */
const tenantOf = (model) => `tenant-${model % Math.ceil(MODELS / 10)}`;
const hashOf = (model) => hashText(`${tenantOf(model)}/production/model-${model}`);
/** 0.5 to 32 KB, evenly by order of magnitude. */
const bytesOf = (model) => Math.round(512 * 64 ** (hashText(`size-${model}`) / 2 ** 32));
const MEAN_BYTES = (512 * 63) / Math.log(64);
/** Milliseconds from disk, or from the object store for the tenth that a disk lacks. */
const costOf = (model) => (model % 10 === 0 ? 12 : 0.8) + bytesOf(model) / 1e6;

export async function run(figures) {
  const owners = moves(figures);
  traffic(figures, owners);
  evictionCost(figures);
  fairShares(figures);
}

/** Owners of every model, before and after. Those before, as numbers from 1. */
function moves(figures) {
  const hashes = new Int32Array(MODELS);
  for (let model = 0; model < MODELS; model += 1) hashes[model] = hashOf(model);
  const ownersAmong = (ids) => {
    const set = new Rendezvous(ids);
    const places = Uint16Array.from(set.ids, (id) => id.split('-').at(-1));
    return Uint16Array.from(hashes, (hash) => places[set.owner(hash)]);
  };
  const before = ownersAmong(idsOf(REPLICAS));
  const counts = new Float64Array(REPLICAS + 2);
  for (const owner of before) counts[owner] += 1;
  const fair = MODELS / REPLICAS;
  const each = [...counts.subarray(1, REPLICAS + 1)];
  figures.add({
    name: 'models of the fullest replica ÷ mean',
    value: Math.max(...each) / fair,
    unit: '×',
    bar: { atMost: 1.1 },
  });
  const without = idsOf(REPLICAS).filter((_id, at) => at !== Math.floor(REPLICAS / 3));
  for (const [what, ids, size] of [
    ['one of n leaves', without, REPLICAS],
    ['one joins n', idsOf(REPLICAS + 1), REPLICAS + 1],
  ]) {
    const after = ownersAmong(ids);
    let moved = 0;
    for (let model = 0; model < MODELS; model += 1) if (before[model] !== after[model]) moved += 1;
    figures.add({
      name: `models moved when ${what}, ÷ their fair share (1/n)`,
      value: (moved / MODELS) * size,
      unit: '×',
      bar: { atMost: 1.1 },
    });
  }
  return before;
}

const capacity = () => Math.round((IN_MEMORY * MODELS * MEAN_BYTES) / REPLICAS);
const newCache = () => new EvictionIndex({ maxBytes: capacity(), floorBytes: 64 * 1024, ceilingBytes: capacity() / 4 });

function traffic(figures, owners) {
  const random = seeded(1);
  const fleet = new Fleet({ ids: idsOf(REPLICAS), models: MODELS, hashOf, bytesOf, costOf, tenantOf, newCache });
  const plain = { served: new Float64Array(REPLICAS) };
  const lru = idsOf(REPLICAS).map(() => new LruCache(capacity()));
  const warmUp = Math.floor(REQUESTS / 3);
  const seen = { hits: 0, lruHits: 0, cost: 0, lruCost: 0, afterChurn: 0, afterChurnHits: 0 };
  let sinceChurn = Infinity;
  for (let request = 0; request < REQUESTS; request += 1) {
    if (request === warmUp) fleet.resetCounts();
    if (request > warmUp && request % Math.floor((REQUESTS - warmUp) / CHURNS) === 0) {
      // its memory is empty when it comes back, also that of the twin
      lru[fleet.replaceOne(random)] = new LruCache(capacity());
      sinceChurn = 0;
    }
    const model = modelOf(zipfRank(random(), MODELS));
    const { at, isHit } = fleet.ask(model);
    const isLruHit = lru[at].ask(model, bytesOf(model));
    if (request < warmUp) continue;
    plain.served[owners[model] - 1] += 1;
    count(seen, { isHit, isLruHit, cost: costOf(model), isAfterChurn: (sinceChurn += 1) < REPLICAS * 20 });
  }
  report(figures, { fleet, plain, seen, measured: REQUESTS - warmUp });
}

function count(seen, { isHit, isLruHit, cost, isAfterChurn }) {
  if (isHit) seen.hits += 1;
  else seen.cost += cost;
  if (isLruHit) seen.lruHits += 1;
  else seen.lruCost += cost;
  if (!isAfterChurn) return;
  seen.afterChurn += 1;
  if (isHit) seen.afterChurnHits += 1;
}

function report(figures, { fleet, plain, seen, measured }) {
  const mean = measured / REPLICAS;
  const max = (counts) => counts.reduce((a, b) => Math.max(a, b), 0);
  figures.add({
    name: 'requests of the busiest replica ÷ mean (reference: plain rendezvous)',
    value: max(fleet.served) / mean,
    unit: '×',
    reference: max(plain.served) / mean,
    bar: { atMost: 1.35 },
  });
  figures.add({
    name: 'most in flight at a replica at any moment ÷ mean',
    value: fleet.peak,
    unit: '×',
    bar: { atMost: 1.35 },
  });
  figures.add({
    name: 'requests whose model was in memory (reference: LRU)',
    value: seen.hits / measured,
    unit: '',
    reference: seen.lruHits / measured,
    bar: { atLeast: 0.7 },
  });
  figures.add({
    name: 'time to load models, a request (reference: LRU)',
    value: seen.cost / measured,
    unit: 'ms',
    reference: seen.lruCost / measured,
    bar: { atMost: (0.9 * seen.lruCost) / measured },
  });
  figures.add({
    name: 'in memory just after a replica left and one came',
    value: seen.afterChurnHits / seen.afterChurn,
    unit: '',
  });
  figures.add({ name: 'requests sent to another than the first owner', value: fleet.spread / measured, unit: '' });
  figures.add({ name: "the process's memory", value: process.memoryUsage().rss / 1e9, unit: 'GB', bar: { atMost: 3 } });
}
