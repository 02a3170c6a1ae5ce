import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { createTestDatabase } from '@myriad/testing';
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
});
