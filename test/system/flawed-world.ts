import type { OpenWorld } from '@myriad/invariants';
import { type DatabaseName, type MeshTarget, type World } from '@myriad/invariants';
import pg from 'pg';

/** The world as it would be with a flaw in one of its databases: in a transaction that only the checker is in. */
export async function withFlaw<T>(
  target: MeshTarget,
  world: OpenWorld,
  flaw: { readonly database: DatabaseName; readonly sql: string },
  look: (world: World) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: target.databaseUrl(flaw.database) });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`set local session_replication_role = replica; ${flaw.sql}`);
    const flawed: World = {
      eventLog: world.eventLog,
      objects: world.objects,
      logContent: () => world.logContent(),
      ask: (...asked) => world.ask(...asked),
      rows: async (database, sql, values = []) =>
        database === flaw.database ? (await client.query(sql, [...values])).rows : world.rows(database, sql, values),
    };
    return await look(flawed);
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end();
  }
}
