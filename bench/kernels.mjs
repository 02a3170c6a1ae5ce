// What one row costs in each way to run a small model (kernels of our own, ONNX Runtime with weights fed as inputs, ONNX Runtime on the file), and what a
// million logistic regressions take in memory. Ways are measured in turns in one process; the fastest of several rounds counts.
import { chooseServing, ModelHost, splitModel } from '@myriad/inference';
import { boostedTrees, logisticRegression, network } from './lib/classical-models.mjs';

const FEATURES = 32;
// short turns: on a machine with other work, some of them are left alone
const ROUNDS = 80;
const RUNS = 250;
/** Models drawn at random before the drawing repeats. */
const DRAWS = ROUNDS * RUNS;
const FLEET = 2_000;
/** Sessions of ONNX Runtime for the same trees: more would fill the memory. */
const SESSIONS = 300;
const MILLION = 1_000_000;
const ROWS = 256;

const rows = Array.from({ length: ROWS }, () => ({
  x: {
    datatype: 'FP32',
    shape: [1, FEATURES],
    data: Float32Array.from({ length: FEATURES }, () => Math.random() * 2 - 1),
  },
}));

/** Microseconds a run of each of some functions, called in turns. */
function micros(runs) {
  const best = runs.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [at, run] of runs.entries()) {
      const startMs = performance.now();
      for (let i = round * RUNS; i < (round + 1) * RUNS; i += 1) run(i);
      best[at] = Math.min(best[at], ((performance.now() - startMs) * 1000) / RUNS);
    }
  return best;
}

/** Handles of a model in the ways that are open to it. */
async function addAllWays(host, file) {
  const { skeleton, weights } = splitModel(file);
  const handles = { whole: await host.add({ way: 'whole', file }) };
  for (const way of ['kernel', 'inputs']) {
    try {
      handles[way] = await host.add({ way, skeleton: skeleton.bytes, weights });
    } catch (error) {
      console.log(`  (no ${way}: ${error.message})`);
    }
  }
  return handles;
}

async function compareWays(figures, { name, file, bar }) {
  const host = new ModelHost();
  try {
    const handles = await addAllWays(host, file);
    const ways = Object.keys(handles);
    const costs = micros(ways.map((way) => (i) => host.runSync(handles[way], rows[i % ROWS])));
    const whole = costs[ways.indexOf('whole')];
    for (const [at, way] of ways.entries())
      figures.add({
        name: `${name}, ${way}`,
        value: costs[at],
        unit: 'µs',
        reference: way === 'whole' ? null : whole,
        bar: way === 'kernel' ? (bar ?? null) : null,
      });
    const choice = await chooseServing(file, undefined);
    console.log(`  (admission takes ${choice.way})`);
  } finally {
    host.dispose();
  }
}

async function treeFleet(figures) {
  const host = new ModelHost();
  try {
    const fleet = { kernel: [], whole: [] };
    const files = Array.from({ length: 20 }, () => boostedTrees(100, 6, FEATURES));
    for (const [i, file] of files.entries()) {
      const { skeleton, weights } = splitModel(file);
      const digest = await host.prepare('kernel', skeleton.bytes);
      for (let copy = 0; copy < FLEET / files.length; copy += 1)
        fleet.kernel.push(host.addWeights('kernel', digest, weights));
      for (let copy = 0; copy < SESSIONS / files.length; copy += 1)
        fleet.whole.push(await host.add({ way: 'whole', file }));
      if (i === 0) figures.add({ name: '100 trees of depth 6, the file', value: file.length / 1000, unit: 'kB' });
    }
    figures.add({
      name: '100 trees of depth 6, memory a model',
      value: host.memoryBytes(fleet.kernel[0]) / 1000,
      unit: 'kB',
      bar: { atMost: 80 },
    });
    const order = Array.from({ length: DRAWS }, () => Math.random());
    const runOver = (handles) => (i) => host.runSync(handles[Math.floor(order[i] * handles.length)], rows[i % ROWS]);
    const [whole, kernel] = micros([runOver(fleet.whole), runOver(fleet.kernel)]);
    figures.add({ name: `100 trees of depth 6 over ${SESSIONS} models, whole`, value: whole, unit: 'µs' });
    figures.add({
      name: `100 trees of depth 6 over ${FLEET} models, kernel`,
      value: kernel,
      unit: 'µs',
      reference: whole,
      bar: { atMost: 2 * whole },
    });
  } finally {
    host.dispose();
  }
}

/** A blob whose F32 tensors are random; the header stays. */
function randomWeights(blob) {
  const copy = blob.slice();
  const start = 8 + Number(new DataView(copy.buffer).getBigUint64(0, true));
  const labelBytes = 16;
  const floats = new Float32Array(copy.buffer, start + labelBytes);
  for (let i = 0; i < floats.length; i += 1) floats[i] = Math.random() - 0.5;
  return copy;
}

async function million(figures) {
  const host = new ModelHost();
  const { skeleton, weights } = splitModel(logisticRegression(FEATURES));
  const digest = await host.prepare('kernel', skeleton.bytes);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const startMs = performance.now();
  const blobs = Array.from({ length: 1_000 }, () => randomWeights(weights));
  let first;
  for (let i = 0; i < MILLION; i += 1) {
    const handle = host.addWeights('kernel', digest, blobs[i % blobs.length]);
    first ??= handle;
  }
  const seconds = (performance.now() - startMs) / 1000;
  globalThis.gc?.();
  const after = process.memoryUsage();
  figures.add({
    name: 'a million logistic regressions, the slab',
    value: host.slabBytes / 1e6,
    unit: 'MB',
    bar: { atMost: 1_000 },
  });
  figures.add({
    name: 'the same, resident memory gained',
    value: (after.rss - before.rss) / 1e6,
    unit: 'MB',
    bar: { atMost: 1_000 },
  });
  figures.add({ name: 'the same, heap gained', value: (after.heapUsed - before.heapUsed) / 1e6, unit: 'MB' });
  figures.add({ name: 'weights alone, a model', value: host.memoryBytes(first), unit: 'bytes' });
  figures.add({ name: 'bringing one in', value: (seconds * 1e6) / MILLION, unit: 'µs' });
  const order = Array.from({ length: DRAWS }, () => Math.floor(Math.random() * MILLION));
  const [cold] = micros([(i) => host.runSync(first + order[i], rows[i % ROWS])]);
  figures.add({ name: 'one of the million at random, kernel', value: cold, unit: 'µs' });
}

export async function run(figures) {
  // first: nothing that was freed is there to be taken again
  await million(figures);
  await compareWays(figures, {
    name: 'logistic regression, 32 features',
    file: logisticRegression(FEATURES),
    bar: { atMost: 1 },
  });
  await compareWays(figures, {
    name: '100 trees of depth 6, hot',
    file: boostedTrees(100, 6, FEATURES),
    bar: { atMost: 8 },
  });
  await compareWays(figures, { name: 'network 32-64-64-1', file: network([32, 64, 64, 1]) });
  await treeFleet(figures);
}
