export interface ServiceManifest {
  readonly name: string;
  /** Owns a PostgreSQL database of its name. */
  readonly database: boolean;
  /** Reads and writes the object store. */
  readonly objects?: boolean;
  readonly replicas: number;
  /** What it is told besides {@link commonEnvironment}. */
  readonly environment: Readonly<Record<string, string>>;
}

export const commonEnvironment: Readonly<Record<string, string>>;
export const services: readonly ServiceManifest[];
/** Names of the variables that hold secrets. */
export function secretVariables(service: ServiceManifest): readonly string[];
