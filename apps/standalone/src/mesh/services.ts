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

/** The services that always run; `realtime` runs where the deployer wants it. */
export const SERVICES: readonly ServiceSpec[] = [
  { name: 'auth', hasDatabase: true, hasEvents: true, heapMb: 192 },
  { name: 'registry', hasDatabase: true, hasEvents: true, heapMb: 256 },
  { name: 'training', hasDatabase: true, hasEvents: true, heapMb: 256 },
  { name: 'evaluator', hasDatabase: true, hasEvents: true, heapMb: 256 },
  { name: 'deployer', hasDatabase: true, hasEvents: true, heapMb: 192 },
  { name: 'batch', hasDatabase: true, hasEvents: true, heapMb: 256 },
  { name: 'objects', hasDatabase: false, hasEvents: false, heapMb: 96 },
  { name: 'gateway', hasDatabase: false, hasEvents: true, heapMb: 256 },
];

export const REALTIME: ServiceSpec = { name: 'realtime', hasDatabase: false, hasEvents: true, heapMb: 512 };

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
