import { services as manifests } from '../../../../tools/manifests/mesh.mjs';
import { REALTIME, SERVICES } from './services.js';

export const MODES = ['standalone', 'mesh'] as const;
/** `standalone`: PostgreSQL and files carry everything. `mesh`: Kafka, S3 and as many replicas as in production. */
export type Mode = (typeof MODES)[number];

/** What runs in a mode; all that the two differ in. */
export interface Topology {
  readonly mode: Mode;
  readonly eventLog: 'postgres' | 'kafka';
  readonly objectStore: 'file' | 's3';
  /** Processes that are no services, by the names that their ports are given by. */
  readonly engines: readonly string[];
  /** Processes a service. */
  readonly replicas: Readonly<Record<string, number>>;
  /** Serving processes a pool. */
  readonly replicasPerPool: number;
}

const ONE_EACH = Object.fromEntries(SERVICES.map(({ name }) => [name, 1]));
const AS_IN_PRODUCTION = Object.fromEntries(manifests.map(({ name, replicas }) => [name, replicas]));

export const TOPOLOGIES: Readonly<Record<Mode, Topology>> = {
  standalone: {
    mode: 'standalone',
    eventLog: 'postgres',
    objectStore: 'file',
    engines: ['postgres', 'control'],
    replicas: ONE_EACH,
    replicasPerPool: 1,
  },
  mesh: {
    mode: 'mesh',
    eventLog: 'kafka',
    objectStore: 's3',
    engines: ['postgres', 'control', 's3', 'kafka', 'kafka-controller', 'balancer'],
    replicas: AS_IN_PRODUCTION,
    replicasPerPool: AS_IN_PRODUCTION[REALTIME.name] ?? 1,
  },
};

/** Names of a service's processes: the service's own when there is one, else numbered from 1. */
export function processesOf(topology: Topology, service: string): readonly string[] {
  const count = topology.replicas[service] ?? 1;
  return count === 1 ? [service] : Array.from({ length: count }, (_none, at) => `${service}-${at + 1}`);
}

/** Whether the service answers behind the balancer, as several processes. */
export function isBalanced(topology: Topology, service: string): boolean {
  return (topology.replicas[service] ?? 1) > 1;
}
