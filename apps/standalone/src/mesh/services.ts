import { type ServiceManifest, services as manifests } from '../../../../tools/manifests/mesh.mjs';

export const ENVIRONMENTS = ['research', 'applied-science', 'engineering', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** A service as the supervisor starts it. */
export interface ServiceSpec {
  readonly name: string;
  /** Owns a database of its name. */
  readonly hasDatabase: boolean;
  /** Writes and reads the event log. */
  readonly hasEvents: boolean;
  /** Megabytes of JavaScript heap. Tensors, Parquet and models live outside of it. */
  readonly heapMb: number;
}

const specOf = ({ name, database, events, heap }: ServiceManifest): ServiceSpec => ({
  name,
  hasDatabase: database,
  hasEvents: events !== false,
  heapMb: heap,
});
const isRealtime = ({ name }: ServiceManifest): boolean => name === 'realtime';

/** The services that always run; `realtime` runs where the deployer wants it. */
export const SERVICES: readonly ServiceSpec[] = manifests.filter((one) => !isRealtime(one)).map(specOf);

export const [REALTIME] = manifests.filter(isRealtime).map(specOf) as [ServiceSpec];

export const LOG_DATABASE = 'myriad_log';

/** The login role of a service, or of the serving processes of an environment, on the event log. */
export function logRole(name: string): string {
  return `log_${name.replaceAll('-', '_')}`;
}

/** Every login of the event log: one a service, one an environment. */
export const LOG_LOGINS: readonly string[] = [
  ...SERVICES.filter(({ hasEvents }) => hasEvents).map(({ name }) => name),
  ...ENVIRONMENTS.map((environment) => `realtime-${environment}`),
];
