import type { EventLog } from '@myriad/messaging';
import type { ObjectStore } from '@myriad/storage';
import type { LogContent } from './log-content.js';

/** A row, by its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Services with a database of their own; each is a consumer group of the event log as well. */
export const DATABASES = ['auth', 'registry', 'training', 'evaluator', 'deployer', 'batch'] as const;
export type DatabaseName = (typeof DATABASES)[number];

/** An answer of the gateway to its administrator. */
export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

/** Everything that a mesh keeps, as it is at the moment of asking: every tenant's. */
export interface World {
  /** Rows of a service's database, past row-level security. */
  rows<T extends Row>(database: DatabaseName, sql: string, values?: readonly unknown[]): Promise<readonly T[]>;
  readonly eventLog: EventLog;
  /** What stands in the event log; read once a world. */
  logContent(): Promise<LogContent>;
  readonly objects: ObjectStore;
  /** Asks the gateway as the platform's administrator, acting in a tenant. */
  ask(path: string, tenantId: string, environment: string): Promise<GatewayAnswer>;
}
