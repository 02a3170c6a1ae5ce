// 10,000 models of 100 boosted trees of depth 6 in one process, no two alike: what each takes, and what a row costs of one model that is asked all the time and of all in random order; beside ONNX Runtime's
// own tree operator on as many of them as memory has room for. BENCH_MODELS and BENCH_SESSIONS for fewer.
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelHost, joinModel, readSafetensors, splitModel } from '@myriad/inference';
import { keyOf } from '../libs/inference/dist/skeleton/tree-tables.js';
import { boostedTrees } from './lib/classical-models.mjs';
import { collectGarbage } from './lib/collect-garbage.mjs';
import { seeded } from './lib/random.mjs';
import { DRAWS, turns } from './lib/turns.mjs';

const MODELS = Number(process.env.BENCH_MODELS ?? 10_000);
const SESSIONS = Math.min(MODELS, Number(process.env.BENCH_SESSIONS ?? 2_000));
const [TREES, DEPTH, FEATURES] = [100, 6, 32];
/** Models are compared with the runtime's on a few rows: all of every so many. */
const COMPARED_EACH = 100;
const ROWS = 256;

const random = seeded(3);
const rows = Array.from({ length: ROWS }, () => {
  const data = Float32Array.from({ length: FEATURES }, () => random() * 2 - 1);
  return { x: { datatype: 'FP32', shape: [1, FEATURES], data } };
});

/** Models of one shape, each with thresholds, features and leaves of its own, by its number. */
class BoostedModels {
  constructor() {
    const { skeleton, weights } = splitModel(boostedTrees(TREES, DEPTH, FEATURES));
    this.skeleton = skeleton;
    this.weights = weights;
  }

  /** In one buffer, used again and again: what is brought in is copied. */
  weightsOf(number) {
    const draw = seeded(number + 1);
    const { weights } = this;
    const tables = Object.fromEntries(readSafetensors(weights).map(({ dtype, bytes }) => [dtype, bytes]));
    const over = (bytes, kind) => new kind(bytes.buffer, bytes.byteOffset, bytes.byteLength / kind.BYTES_PER_ELEMENT);
    const [keys, words, leaves] = [
      over(tables.I32, Int32Array),
      over(tables.U16, Uint16Array),
      over(tables.F32, Float32Array),
    ];
    for (let at = 0; at < keys.length; at += 1) keys[at] = keyOf(draw() * 2 - 1);
    for (let at = 0; at < words.length; at += 1) words[at] = 2 * Math.floor(draw() * FEATURES);
    for (let at = 0; at < leaves.length; at += 1) leaves[at] = draw() * 2 - 1;
    return weights;
  }

  fileOf(number) {
    return joinModel(this.skeleton, this.weightsOf(number));
  }
}

/** Bytes that the process has, of what it does not need any more as little as possible. */
async function residentBytes() {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    // buffers are freed in the background
    await sleep(200);
  }
  return process.memoryUsage().rss;
}

export async function run(figures) {
  const models = new BoostedModels();
  const host = new ModelHost();
  try {
    const kernel = await bringInKernels(figures, host, models);
    const whole = await bringInSessions(figures, host, models);
    compare(figures, host, { kernel, whole });
    hot(figures, host, { kernel, whole });
    all(figures, host, { kernel, whole });
  } finally {
    host.dispose();
  }
}

async function bringInKernels(figures, host, models) {
  const digest = await host.prepare('kernel', models.skeleton.bytes);
  const before = await residentBytes();
  const handles = [];
  let addedMs = 0;
  for (let number = 0; number < MODELS; number += 1) {
    const weights = models.weightsOf(number);
    const startMs = performance.now();
    handles.push(host.addWeights('kernel', digest, weights));
    addedMs += performance.now() - startMs;
  }
  const bar = { atMost: 80 };
  const resident = ((await residentBytes()) - before) / 1_000 / MODELS;
  figures.add({ name: 'a model, counted', value: host.memoryBytes(handles[0]) / 1_000, unit: 'kB', bar });
  figures.add({ name: 'a model, resident memory gained', value: resident, unit: 'kB', bar });
  figures.add({ name: 'bringing one in', value: (addedMs * 1_000) / MODELS, unit: 'µs' });
  return handles;
}

async function bringInSessions(figures, host, models) {
  const before = await residentBytes();
  const handles = [];
  for (let number = 0; number < SESSIONS; number += 1)
    handles.push(await host.add({ way: 'whole', file: models.fileOf(number) }));
  const value = ((await residentBytes()) - before) / 1_000 / SESSIONS;
  figures.add({ name: `one of ${SESSIONS} sessions, resident memory gained`, value, unit: 'kB' });
  return handles;
}

/** The same numbers, bit for bit: else it would be another model that is fast. */
function compare(figures, host, { kernel, whole }) {
  let different = 0;
  for (let number = 0; number < SESSIONS; number += COMPARED_EACH)
    for (const row of rows) {
      const [own, theirs] = [kernel, whole].map((handles) => host.runSync(handles[number], row).y.data[0]);
      if (own !== theirs) different += 1;
    }
  figures.add({ name: 'answers that differ from the runtime’s', value: different, unit: '', bar: { atMost: 0 } });
}

function hot(figures, host, { kernel, whole }) {
  const [own, theirs] = turns([kernel[0], whole[0]].map((handle) => (i) => host.runSync(handle, rows[i % ROWS])));
  const bar = { atMost: theirs.best };
  figures.add({ name: 'one hot model', value: own.best, unit: 'µs', reference: theirs.best, bar });
  figures.add({ name: 'the same, middle of the turns', value: own.middle, unit: 'µs', reference: theirs.middle });
}

/** The bar's "it" is the runtime on one hot model; the runtime over all is beside it. */
function all(figures, host, { kernel, whole }) {
  const order = Float64Array.from({ length: DRAWS }, random);
  const over = (handles) => (i) => host.runSync(handles[Math.floor(order[i] * handles.length)], rows[i % ROWS]);
  const hotSession = (i) => host.runSync(whole[0], rows[i % ROWS]);
  const [own, theirs, hotTheirs] = turns([over(kernel), over(whole), hotSession]);
  figures.add({
    name: `over all ${MODELS} (reference: the runtime on one hot model)`,
    value: own.best,
    unit: 'µs',
    reference: hotTheirs.best,
    bar: { atMost: 2 * hotTheirs.best },
  });
  figures.add({
    name: `the same (reference: the runtime over ${SESSIONS} sessions)`,
    value: own.best,
    unit: 'µs',
    reference: theirs.best,
    bar: { atMost: 2 * theirs.best },
  });
  figures.add({ name: 'the same, middle of the turns', value: own.middle, unit: 'µs', reference: theirs.middle });
}
