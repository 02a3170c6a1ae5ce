import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, eventually, type TestDatabase } from '@myriad/testing';
import pg from 'pg';
import { PostgresEventLog, type EventLog } from '../src/index.js';
import { numbered, range, record, tenantKeys, testTopic, valueOf } from './support.js';

describe('PostgresEventLog maintenance', () => {
  let database: TestDatabase;
  let logs: EventLog[];
  beforeAll(async () => {
    database = await createTestDatabase({ service: 'log' });
    const open = (): Promise<EventLog> =>
      PostgresEventLog.open({ url: database.migrationUrl, maintenanceIntervalMs: 150, tombstoneRetentionMs: 0 });
    logs = await Promise.all([open(), open(), open()]);
  });
  afterAll(async () => {
    for (const log of logs) await log.close();
    await database.drop();
  });

  async function valuesIn(topic: string): Promise<unknown[]> {
    const values: unknown[] = [];
    const tail = await logs[0]!.tail({ topics: [topic], onRecord: (stored) => void values.push(valueOf(stored)) });
    await tail.caughtUp;
    await tail.close();
    return values;
  }

  async function inDatabase(text: string, values: unknown[]): Promise<void> {
    const client = new pg.Client(database.migrationUrl);
    await client.connect();
    await client.query(text, values);
    await client.end();
  }

  it('removes what is past its retention by itself, and only that', async () => {
    const topic = testTopic({ retentionMs: 3_600_000 });
    await logs[0]!.ensureTopics([topic]);
    await logs[0]!.append(numbered(topic.name, ['a'], 0, 6_000));
    await inDatabase(
      `update myriad_log.log_record set appended_ms = appended_ms - 7200000 where record_offset < 5990 and partition_id in
       (select id from myriad_log.log_partition where topic = $1)`,
      [topic.name],
    );
    await eventually(async () => {
      expect(await valuesIn(topic.name)).toEqual(range(10).map((n) => 5_990 + n));
    });
    const lag = await logs[0]!.lag('nobody', [topic.name]);
    expect(Math.max(...lag.map(({ endOffset }) => Number(endOffset)))).toBe(6_000);
  });

  it('compacts by itself while appends go on', async () => {
    const topic = testTopic({ cleanup: 'compact' });
    await logs[1]!.ensureTopics([topic]);
    const keys = tenantKeys(5);
    for (const n of range(30)) await logs[1]!.append(keys.map((key) => record(topic.name, key, n)));
    await logs[1]!.append([record(topic.name, keys[0]!, null)]);
    await eventually(async () => {
      expect(await valuesIn(topic.name)).toEqual([29, 29, 29, 29]);
    });
  });
});
