import { readFileSync, writeFileSync } from 'node:fs';
import { batchRoutes } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { MODEL, commitRows } from '../model-way.js';
import { machineRows } from '../tables.js';
import type { ChaosHttp } from './chaos-http.js';
import type { Between } from './chaos-mesh.js';
import type { Fault, FaultScene } from './fault.js';
import { spellOf } from './weather.js';

const MESH = ['mesh'] as const;

const store = ({ store: place }: Between): ChaosHttp | undefined => place;

export const STORE_FAULTS: readonly Fault[] = [
  {
    name: 'store-slow',
    promise: 'Each answer of the object store takes 300 ms more: everything goes on.',
    modes: MESH,
    inCi: false,
    predictions: 'all answered',
    writes: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'slow', delayMs: 300 }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'store-unavailable',
    promise: 'The object store answers 503: what needs bytes is refused with 503, predictions go on.',
    modes: MESH,
    inCi: true,
    predictions: 'all answered',
    writes: 'refused for the moment',
    reads: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'unavailable' }, full: 20_000, short: 5_000 }),
  },
  {
    name: 'store-flaky',
    promise: 'One answer of the object store in four is 503: it is asked again, and nothing is refused.',
    modes: MESH,
    inCi: false,
    predictions: 'all answered',
    writes: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'unavailable', share: 0.25 }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'store-resets',
    promise: 'The object store breaks every connection: what needs bytes is refused with 503, predictions go on.',
    modes: MESH,
    inCi: false,
    predictions: 'all answered',
    writes: 'refused for the moment',
    reads: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'reset' }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'store-breaks-off',
    promise: 'One download from the object store in two ends halfway: the rest is asked for, and nothing is refused.',
    modes: MESH,
    inCi: false,
    predictions: 'all answered',
    writes: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'truncate', share: 0.5 }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'store-truncates',
    promise: 'Every download from the object store ends halfway: nobody takes half an object for a whole one.',
    modes: MESH,
    inCi: false,
    predictions: 'all answered',
    writes: 'refused for the moment',
    reads: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'truncate' }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'store-corrupts',
    promise:
      'Downloads from the object store have a wrong byte: nobody works with it, and it is said which object it is.',
    modes: MESH,
    inCi: true,
    predictions: 'all answered',
    writes: 'refused',
    reads: 'all answered',
    strike: spellOf({ at: store, weather: { kind: 'corrupt' }, full: 15_000, short: 4_000 }),
  },
  {
    name: 'object-damaged-on-disk',
    promise:
      'A byte of a stored dataset changes on the disk: a job that needs it fails and names it; sent again, it is healed.',
    modes: ['standalone', 'mesh'],
    inCi: true,
    predictions: 'all answered',
    writes: 'all answered',
    strike: damageOnDisk,
  },
];

async function damageOnDisk({ mesh, cast, random }: FaultScene): Promise<void> {
  const [tenant] = cast.tenants;
  const { client } = tenant!.program;
  const rows = machineRows(300, 90_000 + Math.floor(random() * 10_000));
  const { digest } = await commitRows(client, 'damaged', rows);
  const file = mesh.objectFile(tenant!.tenantId, digest);
  const whole = readFileSync(file);
  const damaged = Buffer.from(whole);
  const at = Math.floor(random() * whole.length);
  damaged.writeUInt8(whole.readUInt8(at) ^ 1, at);
  writeFileSync(file, damaged);
  const job = await startJob(client);
  const ended = await eventually(
    async () => {
      const found = await client.call(batchRoutes.getBatchJob, { params: { batchJobId: job } });
      if (found.status === 'queued' || found.status === 'running') throw new Error(JSON.stringify(found));
      return found;
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
  writeFileSync(file, whole);
  if (ended.status !== 'failed' || !ended.reason.includes(digest))
    throw new Error(`a job over a damaged dataset ended ${ended.status}: ${ended.reason}`);
}

async function startJob(client: FaultScene['cast']['admin']): Promise<string> {
  const body = { modelName: MODEL, dataset: { name: 'damaged' }, shardRows: 100 };
  const { batchJobId } = await eventually(() => client.call(batchRoutes.createBatchJob, { body }));
  return batchJobId;
}
