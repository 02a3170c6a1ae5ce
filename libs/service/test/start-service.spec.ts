import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { placementChangedV1 } from '@myriad/contracts';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { snapshotWriterConfig } from '@myriad/messaging';
import type { Database } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { type TempFolder, type TestDatabase, createTestDatabase, eventually, tempFolder } from '@myriad/testing';
import { Module } from '@nestjs/common';
import { z } from 'zod';
import { type ServiceConfig, serviceSnapshots, startService } from '../src/index.js';
import { FakeProcess, freePort, openDatabase, schema } from './support.js';

@Module({})
class EmptyModule {}

describe('startService', () => {
  let testDatabase: TestDatabase;
  let folder: TempFolder;
  let config: ServiceConfig;

  beforeEach(async () => {
    testDatabase = await createTestDatabase({ service: 'thing' });
    folder = await tempFolder();
    const jwks = join(folder.path, 'jwks.json');
    await writeFile(jwks, '{"keys":[]}');
    config = loadConfig(schema, {
      PORT: String(await freePort()),
      LOG_LEVEL: 'silent',
      INTERNAL_JWKS_FILE: jwks,
      DATABASE_URL: testDatabase.url,
      DATABASE_MIGRATION_URL: testDatabase.migrationUrl,
      EVENT_LOG: 'memory',
    });
  });

  afterEach(async () => {
    await testDatabase.drop();
    await folder.remove();
  });

  const snapshotsOf = (variables: Readonly<Record<string, string>>) =>
    serviceSnapshots(loadConfig(z.object({ ...objectStoreConfig, ...snapshotWriterConfig }), variables), [
      placementChangedV1.topic,
    ]);
  const door = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${config.PORT}${path}`);

  it('prepares before it listens, is ready when all it stands on is, and ends in order on a signal', async () => {
    const target = new FakeProcess();
    const databases: Database[] = [];
    let isPrepared = false;
    let isStoreUp = false;
    await startService({
      name: 'thing',
      config,
      openDatabase,
      compose: ({ database }) => {
        databases.push(database);
        return { module: { module: EmptyModule }, readiness: [{ name: 'store', check: () => isStoreUp }] };
      },
      prepare: async () => {
        await expect(door('/healthz')).rejects.toThrow();
        isPrepared = true;
      },
      process: target,
    });
    expect(isPrepared).toBe(true);
    expect((await door('/healthz')).status).toBe(200);
    const unready = await door('/readyz');
    expect([unready.status, await unready.text()]).toEqual([503, expect.stringContaining('store')]);
    isStoreUp = true;
    await eventually(async () => {
      expect((await door('/readyz')).status).toBe(200);
    });
    target.give('SIGTERM');
    await eventually(() => {
      expect(target.exits).toEqual([0]);
    });
    expect(target.written).toEqual([]);
    await expect(door('/healthz')).rejects.toThrow();
    await expect(databases[0]!.ping()).rejects.toThrow();
  });

  it('writes snapshots of its topics while it runs', async () => {
    const target = new FakeProcess();
    const snapshots = await snapshotsOf({ SNAPSHOTS: 'true', OBJECT_STORE_PATH: join(folder.path, 'objects') });
    await startService({
      name: 'thing',
      config,
      openDatabase,
      compose: () => ({
        module: { module: EmptyModule },
        snapshots: snapshots && { ...snapshots, intervalMs: 20 },
      }),
      process: target,
    });
    await eventually(async () => {
      const list = await snapshots?.store.getDocument(PLATFORM_TENANT, `snapshots.${placementChangedV1.topic.name}`);
      expect(JSON.parse(String(list?.bytes))).toMatchObject({ snapshots: [{ keys: 0 }] });
    });
    target.give('SIGTERM');
    await eventually(() => {
      expect(target.exits).toEqual([0]);
    });
  });

  it('writes none unless it is told to, and says what the store needs', async () => {
    expect(await snapshotsOf({})).toBeUndefined();
    await expect(snapshotsOf({ SNAPSHOTS: 'true' })).rejects.toThrow('OBJECT_STORE_PATH');
  });

  it('does not start on a database that does not open', async () => {
    const start = startService({
      name: 'thing',
      config,
      openDatabase: () => Promise.reject(new Error('no such database')),
      compose: () => ({ module: { module: EmptyModule } }),
      process: new FakeProcess(),
    });
    await expect(start).rejects.toThrow('no such database');
    await expect(door('/healthz')).rejects.toThrow();
  });
});
