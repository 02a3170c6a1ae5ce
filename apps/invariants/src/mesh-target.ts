import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { DatabaseName } from './world.js';

/** Where a mesh keeps its things, and how to get at all of them. */
export interface MeshTarget {
  readonly gatewayUrl: string;
  /** The platform administrator's key. */
  readonly adminKey: string;
  /** Of a service's database, for a role that row-level security does not bind. */
  readonly databaseUrl: (database: DatabaseName) => string;
  /** Variables of the messaging library's config. */
  readonly eventLog: Readonly<Record<string, string>>;
  /** Variables of the storage library's config. */
  readonly objectStore: Readonly<Record<string, string>>;
}

const addressesSchema = z.object({
  gatewayUrl: z.string(),
  /** Of a mesh on Kafka and S3. */
  kafkaBrokers: z.string().optional(),
  s3Endpoint: z.string().optional(),
});
type Addresses = z.infer<typeof addressesSchema>;
const passwordsSchema = z.record(z.string(), z.string());
const PORT_LINE = 3;

/** The mesh that runs from a state folder. @throws {Error} when none does. */
export function targetOfState(folder: string): MeshTarget {
  const state = resolve(folder);
  const read = (...path: string[]): string => readFileSync(join(state, ...path), 'utf8').trim();
  if (!existsSync(join(state, 'addresses.json')))
    throw new Error(`no mesh runs from ${state}; choose another folder with --state, or start one with 'npm run up'`);
  const addresses = addressesSchema.parse(JSON.parse(read('addresses.json')));
  const password = passwordsSchema.parse(JSON.parse(read('secrets', 'database-passwords.json')))['postgres'] ?? '';
  const port = read('postgres', 'data', 'postmaster.pid').split('\n')[PORT_LINE] ?? '';
  const databaseUrl = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return {
    gatewayUrl: addresses.gatewayUrl,
    adminKey: read('secrets', 'admin.key'),
    databaseUrl,
    eventLog: eventLogOf(addresses, databaseUrl('myriad_log')),
    objectStore: objectStoreOfState(state),
  };
}

function eventLogOf({ kafkaBrokers }: Addresses, postgresUrl: string): MeshTarget['eventLog'] {
  return kafkaBrokers === undefined
    ? { EVENT_LOG: 'postgres', EVENT_LOG_URL: postgresUrl }
    : { EVENT_LOG: 'kafka', KAFKA_BROKERS: kafkaBrokers };
}

/** Where the mesh of a state folder keeps its objects, and what opens them; of files also while nothing runs. */
export function objectStoreOfState(folder: string): MeshTarget['objectStore'] {
  const state = resolve(folder);
  const file = join(state, 'addresses.json');
  const addresses: Partial<Addresses> = existsSync(file)
    ? addressesSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    : {};
  const { s3Endpoint } = addresses;
  const encryption = {
    OBJECT_ENCRYPTION: 'local',
    OBJECT_MASTER_SECRET_FILE: join(state, 'secrets', 'object-master.key'),
  };
  if (s3Endpoint === undefined)
    return {
      ...encryption,
      OBJECT_STORE: 'file',
      OBJECT_STORE_PATH: join(state, 'objects'),
      OBJECT_KEYRING_PATH: join(state, 'keys'),
    };
  return {
    ...encryption,
    OBJECT_STORE: 's3',
    S3_ENDPOINT: s3Endpoint,
    S3_BUCKET: 'myriad',
    S3_ACCESS_KEY_ID: 'myriad',
    S3_SECRET_ACCESS_KEY_FILE: join(state, 'secrets', 's3-secret.key'),
  };
}
