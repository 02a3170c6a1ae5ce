import { loadConfig } from '@myriad/config';
import { type EventLog, eventLogConfig, openEventLog } from '@myriad/messaging';
import { type ObjectStore, objectStoreConfig, openObjectStore } from '@myriad/storage';
import pg from 'pg';
import { z } from 'zod';
import { LogContent } from './log-content.js';
import type { MeshTarget } from './mesh-target.js';
import { DATABASES, type DatabaseName, type GatewayAnswer, type Row, type World } from './world.js';

const CONNECTIONS = 2;
const ASK_TIMEOUT_MS = 15_000;

/** A running mesh's world. */
export class OpenWorld implements World {
  private content: Promise<LogContent> | undefined;

  private constructor(
    private readonly target: MeshTarget,
    private readonly pools: ReadonlyMap<DatabaseName, pg.Pool>,
    readonly eventLog: EventLog,
    readonly objects: ObjectStore,
  ) {}

  /** @throws what keeps the log or the store from opening. */
  static async open(target: MeshTarget): Promise<OpenWorld> {
    const pools = new Map(DATABASES.map((database) => [database, openPool(target.databaseUrl(database))]));
    const eventLog = await openEventLog(loadConfig(z.object(eventLogConfig), target.eventLog), {
      clientId: 'invariants',
    });
    const objects = await openObjectStore(loadConfig(z.object(objectStoreConfig), target.objectStore));
    return new OpenWorld(target, pools, eventLog, objects);
  }

  async rows<T extends Row>(
    database: DatabaseName,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly T[]> {
    const result = await this.pools.get(database)?.query<T>(sql, [...values]);
    return result?.rows ?? [];
  }

  logContent(): Promise<LogContent> {
    this.content ??= LogContent.read(this.eventLog);
    return this.content;
  }

  /** Lets the log be read anew. */
  forget(): void {
    this.content = undefined;
  }

  async ask(path: string, tenantId: string, environment: string): Promise<GatewayAnswer> {
    const { gatewayUrl, adminKey } = this.target;
    const response = await fetch(`${gatewayUrl}${path}`, {
      headers: {
        authorization: `Bearer ${adminKey}`,
        'x-myriad-tenant': tenantId,
        'x-myriad-environment': environment,
      },
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  }

  async close(): Promise<void> {
    await Promise.all([this.eventLog.close(), ...[...this.pools.values()].map((pool) => pool.end())]);
  }
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, application_name: 'myriad-invariants' });
  // what a query meets is the query's to tell
  pool.on('error', () => undefined);
  return pool;
}
