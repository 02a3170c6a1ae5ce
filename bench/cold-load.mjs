// What it costs to bring a small model into memory, as a replica does it: weights from the disk tier (plain and encrypted copies) and from S3 on loopback, with
// and without the rows its trainer recorded; beside it, a whole session from the same disk. One load after another: the time is what a request waits.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { inspectOnnxBytes, ModelHost, splitModel, toV2Tensor } from '@myriad/inference';
import {
  CachingTenantKeys,
  EncryptingObjectStore,
  FileObjectStore,
  LocalTenantKeys,
  MasterSecrets,
  openLocalCopies,
  S3ObjectStore,
} from '@myriad/storage';
import { DiskTier } from '../services/realtime/dist/application/disk-tier.js';
import { LoadOnnxModel } from '../services/realtime/dist/application/load-onnx-model.js';
import { EngineUnavailable, startS3 } from '../tools/engines/engine.mjs';
import { boostedTrees, logisticRegression } from './lib/classical-models.mjs';
import { quantile } from './lib/statistics.mjs';

const FEATURES = 32;
const MODELS = 400;
const TREES = 100;
const RECORDED_ROWS = 64;
const MAX_BYTES = 2_000_000_000;
const logger = { warn: (facts, text) => console.log(text, facts) };

/** What a trainer would have recorded, from the model itself. */
function recordOf(model) {
  const data = Float32Array.from({ length: RECORDED_ROWS * FEATURES }, () => Math.random() * 2 - 1);
  const inputs = { x: { datatype: 'FP32', shape: [RECORDED_ROWS, FEATURES], data } };
  const tensors = (map) => Object.entries(map).map(([name, tensor]) => toV2Tensor(name, tensor));
  return Buffer.from(JSON.stringify({ inputs: tensors(inputs), outputs: tensors(model.runSync(inputs)) }));
}

/** Puts a model's parts (and its file) into the store, as admission does, for a tenant of its own. */
async function admit(store, tenantId, file) {
  const { skeleton, weights } = splitModel(file);
  const host = new ModelHost();
  const model = await host.load({ way: 'kernel', skeleton: skeleton.bytes, weights });
  const record = recordOf(model);
  const { memoryBytes } = model;
  host.dispose();
  const put = async (bytes) => (await store.put(tenantId, bytes)).digest;
  const split = {
    skeletonDigest: await put(skeleton.bytes),
    skeletonBytes: skeleton.bytes.length,
    weightsDigest: await put(weights),
    weightsBytes: weights.length,
  };
  return {
    tenantId,
    artifactDigest: await put(file),
    sizeBytes: file.length,
    parityDigest: await put(record),
    signature: inspectOnnxBytes(file).signature,
    serving: { way: 'kernel', micros: 1, memoryBytes, split },
  };
}

/** Milliseconds of each load, all models one after another; each is freed again. */
async function loads(loader, placements) {
  const took = [];
  for (const placement of placements) {
    const startMs = performance.now();
    const model = await loader.load(placement);
    took.push(performance.now() - startMs);
    model.dispose();
  }
  return took;
}

const loaderOf = (bytes) => new LoadOnnxModel(bytes, MAX_BYTES);

/** A disk tier that holds all, of a process that has just started. */
async function filledTier(store, placements, root) {
  const copies = await openLocalCopies(store, root);
  const options = { store, copies, maxBytes: MAX_BYTES, logger };
  const first = new DiskTier(options);
  await first.open();
  const loader = loaderOf(first);
  for (const placement of placements) {
    (await loader.load(placement)).dispose();
    (await loader.load({ ...placement, serving: null })).dispose();
    await first.idle();
  }
  const tier = new DiskTier(options);
  await tier.open();
  return tier;
}

async function measure(figures, { name, bytes, placements, bar = {} }) {
  const loader = loaderOf(bytes);
  const [first, again] = [await loads(loader, placements), await loads(loader, placements)];
  for (const [what, took] of [
    ['first load, recorded rows run', first],
    ['loaded again', again],
  ]) {
    figures.add({ name: `${name}: ${what}, p50`, value: quantile(took, 0.5), unit: 'ms', bar: bar.p50 ?? null });
    figures.add({ name: `${name}: ${what}, p99`, value: quantile(took, 0.99), unit: 'ms' });
  }
}

async function onDisk(figures, { name, store, root, file, bar }) {
  const placements = [];
  for (let i = 0; i < MODELS; i += 1) placements.push(await admit(store, `t${i % 100}`, file()));
  const tier = await filledTier(store, placements, root);
  await measure(figures, { name, bytes: tier, placements, bar });
  if (tier.state.misses > 0) throw new Error(`${tier.state.misses} reads were not answered by the disk`);
  const whole = loaderOf(tier);
  const took = await loads(
    whole,
    placements.map((placement) => ({ ...placement, parityDigest: null, serving: null })),
  );
  figures.add({ name: `${name}: the file in a session, p50`, value: quantile(took, 0.5), unit: 'ms' });
}

async function fromS3(figures, folder) {
  let s3;
  try {
    s3 = await startS3({ dir: join(folder, 's3') });
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    console.log(`  (no S3: ${error.message})`);
    return;
  }
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  const store = await S3ObjectStore.open({
    endpoint,
    bucket: 'bench',
    credentials: { accessKeyId, secretAccessKey },
    createBucket: true,
    scratchFolder: folder,
  });
  try {
    const placements = [];
    for (let i = 0; i < MODELS; i += 1)
      placements.push(await admit(store, `t${i % 100}`, logisticRegression(FEATURES)));
    await measure(figures, {
      name: 'logistic regression from S3',
      bytes: store,
      placements,
      bar: { p50: { atMost: 15 } },
    });
  } finally {
    store.close();
    await s3.stop();
  }
}

export async function run(figures) {
  const folder = await mkdtemp(join(tmpdir(), 'myriad-bench-'));
  try {
    const plain = await FileObjectStore.open({ root: join(folder, 'plain') });
    const documents = await FileObjectStore.open({ root: join(folder, 'keys') });
    const keys = new LocalTenantKeys({ documents, masters: new MasterSecrets(randomBytes(32).toString('base64')) });
    const inner = await FileObjectStore.open({ root: join(folder, 'sealed') });
    const sealed = await EncryptingObjectStore.open(inner, { keys: new CachingTenantKeys(keys) });
    const linear = { file: () => logisticRegression(FEATURES), bar: { p50: { atMost: 1 } } };
    await onDisk(figures, { name: 'logistic regression from disk', store: plain, root: join(folder, 'a'), ...linear });
    await onDisk(figures, { name: 'the same, encrypted', store: sealed, root: join(folder, 'b'), ...linear });
    const trees = { file: () => boostedTrees(TREES, 6, FEATURES) };
    await onDisk(figures, { name: '100 trees from disk', store: plain, root: join(folder, 'c'), ...trees });
    await fromS3(figures, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
