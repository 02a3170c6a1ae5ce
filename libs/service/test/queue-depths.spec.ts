import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tenantChangedV1 } from '@myriad/contracts';
import { type Database, UnitOfWork } from '@myriad/persistence';
import { type Telemetry, createLogger, startTelemetry } from '@myriad/telemetry';
import { type TestDatabase, createTestDatabase, testContext } from '@myriad/testing';
import { QueueDepths } from '../src/operations/queue-depths.js';
import { openDatabase } from './support.js';

describe('QueueDepths', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let telemetry: Telemetry;

  beforeEach(async () => {
    testDatabase = await createTestDatabase({ service: 'thing' });
    database = await openDatabase({
      url: testDatabase.url,
      migrationUrl: testDatabase.migrationUrl,
      poolSize: 2,
      logger: createLogger({ service: 'thing', level: 'silent' }),
    });
    telemetry = await startTelemetry({ service: 'thing' });
  });
  afterEach(async () => {
    await telemetry.shutdown();
    await database.close();
    await testDatabase.drop();
  });

  it('shows how many events no relay has handed on, of all tenants, and how old the oldest is', async () => {
    const depths = new QueueDepths(database, {});
    expect((await depths.measure()).outbox).toEqual({ records: 0, oldestAgeSeconds: 0 });
    const uow = new UnitOfWork(database);
    for (const tenantId of ['aa', 'bb'])
      await uow.run(testContext(tenantId), (tx) => tx.emit(tenantChangedV1, { ...tenantChangedV1.example, tenantId }));
    await uow.runAcrossTenants('test: as if it were 90 s later', (tx) =>
      tx.query("UPDATE outbox SET created_at = created_at - interval '90 seconds'"),
    );
    const { outbox } = await depths.measure();
    expect(outbox.records).toBe(2);
    expect(outbox.oldestAgeSeconds).toBeGreaterThan(89);
    const text = await telemetry.metricsText();
    expect(text).toMatch(/^myriad_outbox_records 2$/m);
    const [, age] = /^myriad_outbox_age_seconds ([\d.e+-]+)$/m.exec(text) ?? [];
    expect(Number(age)).toBeGreaterThan(89);
  });

  it('counts the work that waits by what the service calls it', async () => {
    const depths = new QueueDepths(database, { things: 'SELECT 3 AS waiting' });
    expect((await depths.measure()).queues).toEqual([{ name: 'things', waiting: 3 }]);
    expect(await telemetry.metricsText()).toMatch(/^myriad_queue_waiting\{queue="things"\} 3$/m);
  });
});
