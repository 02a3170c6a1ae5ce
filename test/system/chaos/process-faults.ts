import { commitRows, linesAt, scoreBatch, train } from '../model-way.js';
import { killInTurn } from '../kill-in-turn.js';
import { machineRows } from '../tables.js';
import { batchRoutes } from '@myriad/contracts';
import { freeze } from './chaos-mesh.js';
import type { Fault, FaultScene } from './fault.js';
import { spellOf } from './weather.js';

const BOTH = ['standalone', 'mesh'] as const;
const ROWS = 6_000;

export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'registry-unreachable',
    promise:
      'Packets from the gateway to one service vanish: its requests are refused within their time limits, all others are answered.',
    modes: BOTH,
    inCi: false,
    predictions: 'all answered',
    writes: 'may break off',
    reads: 'all answered',
    strike: spellOf({ at: ({ registry }) => registry, weather: { way: 'hole' }, full: 30_000, short: 5_000 }),
  },
  {
    name: 'registry-frozen',
    promise:
      'A service stands still with its connections open: its requests wait or are refused, all others are answered.',
    modes: BOTH,
    inCi: false,
    predictions: 'all answered',
    writes: 'may break off',
    reads: 'all answered',
    strike: async ({ mesh, isFull, pause }: FaultScene): Promise<void> => {
      const thaw = await freeze(mesh, ({ name }) => name.startsWith('registry'));
      await pause(isFull ? 30_000 : 8_000);
      thaw();
    },
  },
  {
    name: 'realtime-killed',
    promise:
      'Replicas are killed under load: another answers, or the request is refused or breaks off; none is answered wrongly.',
    modes: BOTH,
    inCi: true,
    predictions: 'may break off',
    writes: 'all answered',
    strike: async ({ mesh, random, isFull }: FaultScene): Promise<void> => {
      const names = (await mesh.processes()).map(({ name }) => name).filter((name) => name.startsWith('realtime-prod'));
      for (let turn = isFull ? 5 : 1; turn > 0; turn -= 1)
        await killInTurn(mesh, names, Math.floor(random() * 1_000_000));
    },
  },
  {
    name: 'everybody-killed',
    promise: 'Each process is killed at a random moment of training, scoring and predicting: all of it is done, once.',
    modes: BOTH,
    inCi: false,
    predictions: 'may break off',
    writes: 'may break off',
    strike: killEverybody,
  },
  {
    name: 'rolling-restart',
    promise: 'Every process of every service is restarted in turn: no request fails, no job is lost.',
    modes: ['mesh'],
    inCi: true,
    predictions: 'all answered',
    writes: 'all answered',
    reads: 'all answered',
    strike: async (scene: FaultScene): Promise<void> => {
      await Promise.all([scene.mesh.rollingRestart(), scoreAll(scene)]);
    },
  },
];

async function killEverybody(scene: FaultScene): Promise<void> {
  const { mesh, cast, random } = scene;
  const names = (await mesh.processes()).map(({ name }) => name);
  const killing = killInTurn(mesh, names, Math.floor(random() * 1_000_000));
  const training = train(cast);
  await scoreAll(scene);
  const { status, counts } = await training;
  await killing;
  if (status !== 'completed' || counts.succeeded !== counts.total)
    throw new Error(`the fleet run is ${status}: ${JSON.stringify(counts)}`);
}

/** A batch job from its dataset to its lines. */
async function scoreAll({ cast, random }: FaultScene): Promise<void> {
  const { client } = cast.tenants[0]!.program;
  await commitRows(client, 'scored', machineRows(ROWS, 50_000 + Math.floor(random() * 10_000)));
  const { batchJobId, status, reason } = await scoreBatch(client, 'scored', 200);
  if (status !== 'succeeded') throw new Error(`the batch job is ${status}: ${reason}`);
  const { output } = await client.call(batchRoutes.getBatchJob, { params: { batchJobId } });
  const lines = await linesAt(output!.url);
  if (lines.length !== ROWS) throw new Error(`the batch job has ${lines.length} lines of ${ROWS}`);
}
