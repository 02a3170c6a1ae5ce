// What it costs to encrypt objects: put and get of a large object on files, with and without, against bare AES-256-GCM of the same process; CPU a
// gigabyte; and what a small model costs to load.
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CachingTenantKeys,
  EncryptingObjectStore,
  FileObjectStore,
  LocalTenantKeys,
  MasterSecrets,
} from '@myriad/storage';

const MB = 1e6;
const LARGE_BYTES = 128 * MB;
const SEGMENT = randomBytes(64 * 1024);
const MODEL_BYTES = 4_000;
const MODELS = 400;
const ROUNDS = 3;
const TENANT = 'bench';

/** What bare AES-256-GCM of 64 KiB pieces makes, MB/s. */
function bareCipher() {
  const key = createSecretKey(randomBytes(32));
  const nonce = randomBytes(12);
  const startMs = performance.now();
  for (let done = 0; done < LARGE_BYTES; done += SEGMENT.length) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.update(SEGMENT);
    cipher.final();
    cipher.getAuthTag();
  }
  return LARGE_BYTES / MB / ((performance.now() - startMs) / 1000);
}

function* pieces() {
  for (let done = 0; done < LARGE_BYTES; done += SEGMENT.length) yield SEGMENT;
}

/** Seconds on the clock and of the processor that the work takes, the best of some rounds. */
async function timed(work) {
  let best;
  for (let round = 0; round < ROUNDS; round++) {
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - startMs) / 1000;
    if (!best || seconds < best.seconds) best = { seconds, cpuSeconds: (user + system) / 1e6 };
  }
  return best;
}

async function measure(store) {
  let digest;
  const put = await timed(async () => {
    ({ digest } = await store.put(TENANT, Readable.from(pieces())));
  });
  const get = await timed(async () => {
    for await (const _chunk of await store.get(TENANT, digest)) {
      // as fast as it comes
    }
  });
  const models = [];
  for (let i = 0; i < MODELS; i++) models.push((await store.put(TENANT, randomBytes(MODEL_BYTES))).digest);
  const load = await timed(async () => {
    for (const model of models) await store.getBytes(TENANT, model);
  });
  return { put, get, load };
}

export async function run(figures) {
  const folder = await mkdtemp(join(tmpdir(), 'myriad-bench-'));
  try {
    const plain = await FileObjectStore.open({ root: join(folder, 'plain') });
    const documents = await FileObjectStore.open({ root: join(folder, 'keys') });
    const keys = new LocalTenantKeys({ documents, masters: new MasterSecrets(randomBytes(32).toString('base64')) });
    const inner = await FileObjectStore.open({ root: join(folder, 'sealed') });
    const sealed = await EncryptingObjectStore.open(inner, { keys: new CachingTenantKeys(keys) });
    const bare = bareCipher();
    figures.add({ name: 'AES-256-GCM alone, 64 KiB pieces', value: bare, unit: 'MB/s' });
    const [without, withKeys] = [await measure(plain), await measure(sealed)];
    for (const what of ['put', 'get']) {
      const speed = ({ seconds }) => LARGE_BYTES / MB / seconds;
      const cpu = ({ cpuSeconds }) => cpuSeconds / (LARGE_BYTES / 1e9);
      figures.add({ name: `${what}, in plain`, value: speed(without[what]), unit: 'MB/s' });
      figures.add({
        name: `${what}, encrypted`,
        value: speed(withKeys[what]),
        unit: 'MB/s',
        reference: speed(without[what]),
      });
      figures.add({ name: `${what}, CPU a GB in plain`, value: cpu(without[what]), unit: 's' });
      figures.add({
        name: `${what}, CPU a GB encrypted`,
        value: cpu(withKeys[what]),
        unit: 's',
        reference: cpu(without[what]),
      });
    }
    const each = ({ seconds }) => (seconds / MODELS) * 1000;
    figures.add({ name: 'load of a model of 4 kB, in plain', value: each(without.load), unit: 'ms' });
    figures.add({
      name: 'load of a model of 4 kB, encrypted',
      value: each(withKeys.load),
      unit: 'ms',
      reference: each(without.load),
    });
    const cold = await timed(() => keys.newDataKey(TENANT));
    figures.add({ name: 'a data key of the local keyring, not remembered', value: cold.seconds * 1000, unit: 'ms' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
