import { eventually } from '@myriad/testing';
import pg from 'pg';
import { targetOfState } from '@myriad/invariants';
import type { Fault, FaultScene } from './fault.js';
import type { Between } from './chaos-mesh.js';
import { type ChaosProxy, postgresUsers } from './chaos-proxy.js';
import { allowLostUpload, lostUploadIsCollected } from './lost-upload.js';
import { spellOf } from './weather.js';

const postgres = ({ postgres: place }: Between): ChaosProxy => place;
const BOTH = ['standalone', 'mesh'] as const;

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: 'postgres-killed',
    promise: 'PostgreSQL is killed and comes back: predictions go on, what can not be kept is refused with 503.',
    modes: BOTH,
    inCi: false,
    predictions: 'all answered',
    writes: 'refused for the moment',
    strike: async ({ mesh }: FaultScene): Promise<void> => mesh.backAgain('postgres', await mesh.kill('postgres')),
  },
  {
    name: 'postgres-slow',
    promise: 'Each answer of PostgreSQL takes 100 ms more: everything goes on, slower.',
    modes: BOTH,
    inCi: false,
    predictions: 'all answered',
    writes: 'all answered',
    strike: spellOf({ at: postgres, weather: { way: 'pass', latencyMs: 50 }, full: 20_000, short: 5_000 }),
  },
  {
    name: 'postgres-connections-exhausted',
    promise:
      'Somebody takes every connection that PostgreSQL has left: pools that are open go on, the rest is refused with 503.',
    modes: BOTH,
    inCi: true,
    predictions: 'all answered',
    writes: 'refused for the moment',
    strike: async ({ mesh, isFull, pause }: FaultScene): Promise<void> => {
      const taken = await takeAllConnections(targetOfState(mesh.stateFolder).databaseUrl('registry'));
      await pause(isFull ? 20_000 : 5_000);
      await Promise.all(taken.map((client) => client.end()));
    },
  },
  {
    name: 'postgres-unreachable',
    promise: 'Packets to PostgreSQL vanish: predictions go on, the rest is refused within its time limits.',
    modes: BOTH,
    inCi: false,
    predictions: 'all answered',
    writes: 'refused for the moment',
    strike: spellOf({ at: postgres, weather: { way: 'hole' }, full: 30_000, short: 8_000 }),
  },
  {
    name: 'registry-without-database',
    promise:
      'One service alone loses PostgreSQL: its own requests are refused, all others are answered; bytes without their row are collected.',
    modes: BOTH,
    inCi: true,
    predictions: 'all answered',
    writes: 'refused for the moment',
    reads: 'all answered',
    strike: async (scene: FaultScene): Promise<void> => {
      const meanwhile = await allowLostUpload(scene);
      const weather = { way: 'hole', concerns: postgresUsers('registry_app') } as const;
      await spellOf({ at: postgres, weather, full: 30_000, short: 6_000, meanwhile })(scene);
    },
    afterwards: lostUploadIsCollected,
  },
];

const MOST_CONNECTIONS = 400;

/** Opens connections until the server refuses one. */
async function takeAllConnections(url: string): Promise<readonly pg.Client[]> {
  const taken: pg.Client[] = [];
  return eventually(async () => {
    while (taken.length < MOST_CONNECTIONS) {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      try {
        await client.connect();
      } catch (error) {
        if ((error as { code?: string }).code === '53300') return taken;
        throw error;
      }
      taken.push(client);
    }
    throw new Error(`PostgreSQL gave ${MOST_CONNECTIONS} connections`);
  });
}
