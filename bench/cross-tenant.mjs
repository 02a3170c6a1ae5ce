// Whether requests of different tenants for one skeleton are cheaper as one batch than one after the other. By ONNX Runtime: one run with the weights of all stacked, which are copied together for it, against a
// run each with views of where they lie. Kernels have nothing to gain: there is no call to save, and each row has weights of its own.
import { ModelHost, OnnxRuntimeModel, splitModel } from '@myriad/inference';
import { network, stackedNetwork } from './lib/classical-models.mjs';

const SIZES = [
  [32, 1],
  [10, 16, 1],
  [32, 64, 64, 1],
];
const BATCHES = [2, 8, 32];
const TENANTS = 256;
const ROUNDS = 20;

/** Microseconds of one turn of each of some functions, called in turns; the fastest counts. */
function micros(turns, runs) {
  const best = turns.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [at, turn] of turns.entries()) {
      const startMs = performance.now();
      for (let i = 0; i < runs; i += 1) turn(round * runs + i);
      best[at] = Math.min(best[at], ((performance.now() - startMs) * 1_000) / runs);
    }
  return best;
}

const random = (length) => Float32Array.from({ length }, () => Math.random() * 2 - 1);

/** Weights of each tenant, in the order of {@link stackedNetwork}'s inputs. */
function weightsOf(sizes) {
  return sizes.slice(1).flatMap((out, i) => [random(sizes[i] * out), random(out)]);
}

async function compare(figures, sizes, host) {
  const session = await OnnxRuntimeModel.load(stackedNetwork(sizes));
  const tenants = Array.from({ length: TENANTS }, () => weightsOf(sizes));
  const shapes = sizes.slice(1).flatMap((out, i) => [
    [sizes[i], out],
    [1, out],
  ]);
  const run = (rows, stacked, batch) => {
    const inputs = { x: { datatype: 'FP32', shape: [batch, 1, sizes[0]], data: rows } };
    for (const [i, data] of stacked.entries())
      inputs[`p${i}`] = { datatype: 'FP32', shape: [batch, ...shapes[i]], data };
    return session.runSync(inputs);
  };
  const { skeleton, weights } = splitModel(network(sizes));
  const digest = await host.prepare('inputs', skeleton.bytes);
  const kernels = await host.prepare('kernel', skeleton.bytes);
  const [fed, own] = ['inputs', 'kernel'].map((way) =>
    Array.from({ length: TENANTS }, () => host.addWeights(way, way === 'inputs' ? digest : kernels, weights)),
  );
  for (const batch of BATCHES) {
    const rows = Array.from({ length: batch }, () => random(sizes[0]));
    const one = (handles) => (turn) => {
      for (let i = 0; i < batch; i += 1)
        host.runSync(handles[(turn * batch + i) % TENANTS], {
          x: { datatype: 'FP32', shape: [1, sizes[0]], data: rows[i] },
        });
    };
    const together = (turn) => {
      const x = new Float32Array(batch * sizes[0]);
      const stacked = shapes.map(([a, b]) => new Float32Array(batch * a * b));
      for (let i = 0; i < batch; i += 1) {
        x.set(rows[i], i * sizes[0]);
        const of = tenants[(turn * batch + i) % TENANTS];
        for (const [at, data] of of.entries()) stacked[at].set(data, i * data.length);
      }
      run(x, stacked, batch);
    };
    const [alone, joined, kernel] = micros([one(fed), together, one(own)], Math.ceil(64 / batch));
    const name = `network ${sizes.join('-')}, ${batch} tenants`;
    figures.add({ name: `${name}, fed one by one, a row`, value: alone / batch, unit: 'µs' });
    figures.add({
      name: `${name}, as one batch, a row (reference: one by one)`,
      value: joined / batch,
      unit: 'µs',
      reference: alone / batch,
    });
    figures.add({
      name: `${name}, kernels one by one, a row (reference: one batch)`,
      value: kernel / batch,
      unit: 'µs',
      reference: joined / batch,
    });
  }
  session.dispose();
}

export async function run(figures) {
  const host = new ModelHost();
  try {
    for (const sizes of SIZES) await compare(figures, sizes, host);
  } finally {
    host.dispose();
  }
}
