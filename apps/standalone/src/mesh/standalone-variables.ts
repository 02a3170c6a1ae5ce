import { join } from 'node:path';
import type { MeshPlan } from './mesh-plan.js';
import { type EnvironmentName, LOG_DATABASE, SERVICES, logRole } from './services.js';
import type { Variables } from './variables.js';

/** Nobody takes over from the one process of a service, so it does not wait until all have noticed that it ends, milliseconds. */
const DRAIN_QUIET_MS = '500';

/** What a service is told in standalone mode, besides what every process is. */
export function standaloneVariables(plan: MeshPlan, service: string): Variables {
  const spec = SERVICES.find(({ name }) => name === service);
  return {
    DRAIN_QUIET_MS,
    ...presignedObjects(plan),
    SNAPSHOTS: 'true',
    ...(spec?.hasEvents === true && eventLog(plan, service)),
    ...(spec?.hasDatabase === true && {
      DATABASE_URL: plan.databaseUrl(service, `${service}_app`),
      DATABASE_MIGRATION_URL: plan.databaseUrl(service, `${service}_owner`),
    }),
    ...own(plan, service),
  };
}

/** A serving process has the credentials of its environment and reads objects; it gives out no URLs. */
export function standaloneReplicaVariables(plan: MeshPlan, environment: EnvironmentName): Variables {
  return {
    ...eventLog(plan, `realtime-${environment}`),
    DRAIN_QUIET_MS,
    ...encryptedObjects(plan),
    SNAPSHOTS: 'true',
  };
}

function encryptedObjects(plan: MeshPlan): Variables {
  return {
    OBJECT_STORE: 'file',
    OBJECT_STORE_PATH: plan.state.objects,
    OBJECT_ENCRYPTION: 'local',
    OBJECT_KEYRING_PATH: plan.state.keys,
    OBJECT_MASTER_SECRET_FILE: plan.secrets.objectMasterFile,
  };
}

/** The store, and what signs and proves presigned URLs. */
function presignedObjects(plan: MeshPlan): Variables {
  return {
    ...encryptedObjects(plan),
    OBJECT_STORE_PUBLIC_URL: plan.urlOf('objects'),
    OBJECT_STORE_SIGNING_KEY_FILE: plan.secrets.objectStoreKeyFile,
  };
}

function eventLog(plan: MeshPlan, login: string): Variables {
  return { EVENT_LOG: 'postgres', EVENT_LOG_URL: plan.databaseUrl(LOG_DATABASE, logRole(login)) };
}

function own(plan: MeshPlan, service: string): Variables {
  switch (service) {
    case 'auth':
      return {
        BOOTSTRAP_KEY_FILE: plan.secrets.adminKeyFile,
        SIGNING_KEY_ENCRYPTION_FILE: plan.secrets.signingKeyEncryptionFile,
      };
    case 'training':
      return { MYRIAD_PYTHON: join(plan.root, '.venv/bin/python') };
    case 'gateway':
      return {
        INTERNAL_SIGNING_KEY_FILE: plan.secrets.internalSigningKeyFile,
        // it logs which it took
        GRPC_PORT: '0',
        ...plan.serviceUrls(),
      };
    default:
      return {};
  }
}
