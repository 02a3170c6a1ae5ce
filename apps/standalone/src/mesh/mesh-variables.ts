import { join } from 'node:path';
import { commonEnvironment, secretVariables, services as manifests } from '../../../../tools/manifests/mesh.mjs';
import type { MeshPlan } from './mesh-plan.js';
import type { Variables } from './variables.js';

/** Of what containers are told, this has no place on one machine: nobody collects traces here unless the user names who does, and the supervisor says where replicas speak gRPC. */
const NOT_HERE: ReadonlySet<string> = new Set(['OTEL_EXPORTER_OTLP_ENDPOINT', 'REPLICA_GRPC_PORT']);
/** What the deployer's wish says of a serving process. */
const OF_THE_WISH: ReadonlySet<string> = new Set(['ENVIRONMENT', 'POOL', 'MEMORY_LIMIT_BYTES']);

/**
 * What a service is told in mesh mode: the variables of its container (tools/manifests/mesh.mjs), with the same values but for addresses, paths
 * and secrets, which are those of this machine.
 */
export function meshVariables(plan: MeshPlan, service: string): Variables {
  const manifest = manifests.find(({ name }) => name === service);
  if (!manifest) throw new TypeError(`tools/manifests/mesh.mjs knows no service '${service}'`);
  const told: Variables = { ...commonEnvironment, ...manifest.environment };
  const local = localValues(plan, service);
  const names = [...Object.keys(told), ...secretVariables(manifest)].filter((name) => !NOT_HERE.has(name));
  return Object.fromEntries(names.map((name) => [name, valueOf(name, local, told)]));
}

/** What a serving process is told besides the deployer's wish. */
export function meshReplicaVariables(plan: MeshPlan): Variables {
  return Object.fromEntries(Object.entries(meshVariables(plan, 'realtime')).filter(([name]) => !OF_THE_WISH.has(name)));
}

/** @throws {TypeError} for a secret that this machine has none for. */
function valueOf(name: string, local: Variables, told: Variables): string {
  const value = local[name] ?? told[name];
  if (value === undefined) throw new TypeError(`nothing here says what ${name} is`);
  return value;
}

function localValues(plan: MeshPlan, service: string): Variables {
  const { secrets } = plan;
  return {
    LOG_LEVEL: plan.config.logLevel,
    // several gateways share this machine's ports: each logs which it took; serving processes are given theirs
    GRPC_PORT: '0',
    KAFKA_BROKERS: plan.kafkaBrokers,
    S3_ENDPOINT: plan.reachUrl('s3'),
    S3_ACCESS_KEY_ID: secrets.s3AccessKeyId,
    S3_SECRET_ACCESS_KEY: secrets.s3SecretAccessKey,
    OBJECT_STORE_PUBLIC_URL: plan.urlOf('objects'),
    OBJECT_STORE_SIGNING_KEY_FILE: secrets.objectStoreKeyFile,
    OBJECT_MASTER_SECRET_FILE: secrets.objectMasterFile,
    INTERNAL_JWKS_FILE: plan.state.internalJwks,
    SIGNING_KEY_ENCRYPTION_FILE: secrets.signingKeyEncryptionFile,
    BOOTSTRAP_KEY_FILE: secrets.adminKeyFile,
    INTERNAL_SIGNING_KEY_FILE: secrets.internalSigningKeyFile,
    MYRIAD_PYTHON: join(plan.root, '.venv/bin/python'),
    DATABASE_URL: plan.databaseUrl(service, `${service}_app`),
    DATABASE_MIGRATION_URL: plan.databaseUrl(service, `${service}_owner`),
    ...plan.serviceUrls(),
  };
}
