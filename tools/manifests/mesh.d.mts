export interface ServiceManifest {
  readonly name: string;
  /** Owns a PostgreSQL database of its name. */
  readonly database: boolean;
  /** Reads and writes the object store. */
  readonly objects?: boolean;
  /** False: needs no event log. */
  readonly events?: boolean;
  /** Clients reach it from outside. */
  readonly public?: boolean;
  /** What its container may take, MiB. */
  readonly memory: number;
  /** What JavaScript may take of that, MiB. */
  readonly heap: number;
  /** What DuckDB or models may take besides the heap, MiB; default 0. */
  readonly outside?: number;
  readonly replicas: number;
  /** Files below /run/myriad that it needs besides the public key set. */
  readonly secretFiles: readonly string[];
  /** What it is told besides {@link commonEnvironment}. */
  readonly environment: Readonly<Record<string, string>>;
}

export const commonEnvironment: Readonly<Record<string, string>>;
export const services: readonly ServiceManifest[];
/** What a service is told in a container besides {@link commonEnvironment}. */
export function containerVariables(service: ServiceManifest): Readonly<Record<string, string>>;
/** What turns mutual TLS on. */
export function mutualTls(service: ServiceManifest): Readonly<Record<string, string>>;
/** Names of the variables that hold secrets. */
export function secretVariables(service: ServiceManifest): readonly string[];
/** Name of the file that a container finds a secret in. */
export function secretFile(variable: string): string;

export interface ClusterManifest {
  readonly name: string;
  readonly isMutualTls: boolean;
}
export const clusters: readonly ClusterManifest[];
