// What one row costs in each way to run a small model (kernels of our own, ONNX Runtime with weights fed as inputs, ONNX Runtime on the file), and what a
// million logistic regressions take in memory. Ways are measured in turns in one process; the fastest of several rounds counts.
import { chooseServing, ModelHost, splitModel } from '@myriad/inference';
import { boostedTrees, logisticRegression, network } from './lib/classical-models.mjs';
import { DRAWS, micros } from './lib/turns.mjs';

const FEATURES = 32;
const MILLION = 1_000_000;
const ROWS = 256;

const rows = Array.from({ length: ROWS }, () => ({
  x: {
    datatype: 'FP32',
    shape: [1, FEATURES],
    data: Float32Array.from({ length: FEATURES }, () => Math.random() * 2 - 1),
  },
}));

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
}
