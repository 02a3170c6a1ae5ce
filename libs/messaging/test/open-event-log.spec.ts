import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { createTestDatabase, eventually, tempFolder } from '@myriad/testing';
import pg from 'pg';
import { z } from 'zod';
import { MemoryEventLog, PostgresEventLog, eventLogConfig, openEventLog, type EventLogConfig } from '../src/index.js';

const schema = z.object(eventLogConfig);
const configOf = (env: Record<string, string>): EventLogConfig => loadConfig(schema, env);

describe('openEventLog', () => {
  it('opens the adapter that the environment names, PostgreSQL by default', async () => {
    expect(await openEventLog(configOf({ EVENT_LOG: 'memory' }))).toBeInstanceOf(MemoryEventLog);
    const database = await createTestDatabase({ service: 'log' });
    const log = await openEventLog(configOf({ EVENT_LOG_URL: database.migrationUrl }));
    expect(log).toBeInstanceOf(PostgresEventLog);
    await log.ping();
    await log.close();
    await database.drop();
  });

  it('says which setting is missing or wrong', async () => {
    await expect(openEventLog(configOf({}))).rejects.toThrow('the event log needs EVENT_LOG_URL');
    await expect(openEventLog(configOf({ EVENT_LOG: 'kafka' }))).rejects.toThrow('the event log needs KAFKA_BROKERS');
    expect(() => configOf({ KAFKA_BROKERS: 'no-port' })).toThrow(/KAFKA_BROKERS/);
    expect(configOf({ KAFKA_BROKERS: 'a:1, b:2', KAFKA_TLS: 'true' })).toMatchObject({
      KAFKA_BROKERS: ['a:1', 'b:2'],
      KAFKA_TLS: true,
    });
  });

  it('refuses a log that can not be reached as unavailable, without the password', async () => {
    const opening = openEventLog(configOf({ EVENT_LOG_URL: 'postgres://u:secret-word@127.0.0.1:1/none' }));
    await expect(opening).rejects.toMatchObject({ code: 'messaging.unavailable' });
    await expect(opening).rejects.not.toThrow('secret-word');
  });

  it('connects with the password that the file holds now', async () => {
    const [database, folder] = await Promise.all([createTestDatabase({ service: 'log' }), tempFolder()]);
    const path = join(folder.path, 'url');
    await writeFile(path, database.migrationUrl, { mode: 0o600 });
    const log = await openEventLog(configOf({ EVENT_LOG_URL_FILE: path }));
    const next = new URL(database.migrationUrl);
    next.password = 'rotated';
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query(`ALTER ROLE "${next.username}" PASSWORD 'rotated'`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [next.username]);
    await admin.end();
    await writeFile(path, next.href);
    await eventually(() => log.ping());
    await log.close();
    await database.drop();
    await folder.remove();
  });
});
