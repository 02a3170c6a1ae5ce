import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import {
  deadLetterSchema,
  operationsSchema,
  pageOf,
  tenantChangedV1,
  type CloudEvent,
  type EventData,
} from '@myriad/contracts';
import { generateInternalKeys, internalSigner, mintInternalToken, type InternalClaims } from '@myriad/http';
import { ProblemError } from '@myriad/kernel';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { FileObjectStore } from '@myriad/storage';
import {
  type TempFolder,
  type TestDatabase,
  createTestDatabase,
  eventually,
  tempFolder,
  testContext,
} from '@myriad/testing';
import { Controller, Module } from '@nestjs/common';
import { startService } from '../src/index.js';
import { FakeProcess, freePort, openDatabase, schema } from './support.js';

let behave: (name: string) => void;

@Controller()
class TenantHandler {
  @HandleEvent(tenantChangedV1)
  onTenant({ data }: CloudEvent<EventData<typeof tenantChangedV1>>): void {
    behave(data.displayName);
  }
}
@Module({})
class ThingModule {}

const lettersSchema = pageOf(deadLetterSchema);
const data = (displayName: string): EventData<typeof tenantChangedV1> => ({
  ...tenantChangedV1.example,
  tenantId: 'aa',
  displayName,
});

describe('the routes of operators', () => {
  let testDatabase: TestDatabase;
  let folder: TempFolder;
  let target: FakeProcess;
  let uow: UnitOfWork;
  let call: (
    method: string,
    path: string,
    more?: { body?: unknown; claims?: Partial<InternalClaims> },
  ) => Promise<Response>;
  let isStoreUp: boolean;

  beforeEach(async () => {
    testDatabase = await createTestDatabase({ service: 'thing' });
    folder = await tempFolder();
    const { privateJwk, publicJwks } = await generateInternalKeys('k1');
    const signer = await internalSigner(privateJwk);
    const jwks = join(folder.path, 'jwks.json');
    await writeFile(jwks, JSON.stringify(publicJwks));
    const config = loadConfig(schema, {
      PORT: String(await freePort()),
      LOG_LEVEL: 'silent',
      INTERNAL_JWKS_FILE: jwks,
      DATABASE_URL: testDatabase.url,
      DATABASE_MIGRATION_URL: testDatabase.migrationUrl,
      EVENT_LOG: 'memory',
    });
    target = new FakeProcess();
    isStoreUp = true;
    behave = () => undefined;
    const store = await FileObjectStore.open({ root: join(folder.path, 'objects') });
    await startService({
      name: 'thing',
      config,
      openDatabase,
      compose: ({ database }) => {
        uow = new UnitOfWork(database);
        return {
          module: { module: ThingModule, controllers: [TenantHandler] },
          readiness: [{ name: 'store', check: () => isStoreUp }],
          queues: { things: 'SELECT count(*)::int AS waiting FROM inbox' },
          snapshots: {
            store,
            topics: [tenantChangedV1.topic.name],
            afterRecords: 1,
            afterMs: 60_000,
            intervalMs: 20,
          },
        };
      },
      process: target,
    });
    const operator: InternalClaims = {
      sub: 'usr_op',
      knd: 'user',
      tid: 'platform',
      htid: 'platform',
      perms: ['operations:read', 'operations:write'],
      env: 'production',
      rid: 'r1',
    };
    call = async (method, path, { body, claims } = {}) =>
      fetch(`http://127.0.0.1:${config.PORT}/v1/operations/thing${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await mintInternalToken(signer, { ...operator, ...claims })}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
  });

  afterEach(async () => {
    target.give('SIGTERM');
    await eventually(() => {
      expect(target.exits).toEqual([0]);
    });
    await testDatabase.drop();
    await folder.remove();
  });

  const status = async () => operationsSchema.parse(await (await call('GET', '')).json());
  const letters = async () => lettersSchema.parse(await (await call('GET', '/dead-letters')).json()).items;
  const emit = (name: string) => uow.run(testContext('aa'), (tx) => tx.emit(tenantChangedV1, data(name)));

  it('say how the service is, and why a check does not hold', async () => {
    await eventually(async () => {
      expect(await status()).toMatchObject({
        service: 'thing',
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
        isReady: true,
        outbox: { records: 0, isLeader: true },
        deadLetters: 0,
        pool: { size: 8 },
        queues: [{ name: 'things', waiting: 0 }],
      });
    });
    const before = await status();
    expect(before.events).toContainEqual({ topic: tenantChangedV1.topic.name, lagRecords: 0, oldestAgeSeconds: null });
    isStoreUp = false;
    const after = await status();
    expect(after.isReady).toBe(false);
    const store = after.checks.find(({ name }) => name === 'store');
    expect(store).toMatchObject({ ok: false, reason: 'it does not hold' });
    expect(Date.parse(store?.since ?? '')).toBeGreaterThanOrEqual(Date.parse(before.now) - 1);
    expect((await status()).checks.find(({ name }) => name === 'store')?.since).toBe(store?.since);
  });

  it('say how old and how large the snapshots are, and whether they are renewed', async () => {
    const before = Date.now();
    await emit('first');
    await eventually(async () => {
      expect((await status()).snapshots).toEqual([
        {
          topic: tenantChangedV1.topic.name,
          madeAt: expect.any(String) as unknown,
          keys: 1,
          sizeBytes: expect.any(Number) as unknown,
          newRecords: 0,
          overdueSeconds: 0,
          isUsable: true,
        },
      ]);
    });
    const [snapshot] = (await status()).snapshots ?? [];
    expect(snapshot?.sizeBytes).toBeGreaterThan(50);
    expect(Date.parse(snapshot?.madeAt ?? '')).toBeGreaterThanOrEqual(before - 1_000);
  });

  it('show dead letters with their reason, give them again, and put them away', async () => {
    let isFixed = false;
    const handled: string[] = [];
    behave = (name) => {
      if (!isFixed) throw new ProblemError({ kind: 'unprocessable', code: 'thing.poison', detail: `no ${name}` });
      handled.push(name);
    };
    await emit('first');
    await emit('second');
    const found = await eventually(async () => {
      const items = await letters();
      expect(items).toHaveLength(2);
      return items;
    });
    expect(found[0]).toMatchObject({
      tenantId: 'aa',
      code: 'thing.poison',
      reason: 'no first',
      eventType: tenantChangedV1.type,
    });
    expect((await status()).deadLetters).toBe(2);
    isFixed = true;
    const [first, second] = found.map(({ deadLetterId }) => `/dead-letters/${deadLetterId}`);
    expect((await call('POST', `${first}/replay`)).status).toBe(202);
    await eventually(() => {
      expect(handled).toEqual(['first']);
    });
    expect((await call('POST', `${second}/discard`, { body: {} })).status).toBe(400);
    expect((await call('POST', `${second}/discard`, { body: { reason: 'made by a test' } })).status).toBe(200);
    expect(await letters()).toEqual([]);
    const again = await call('POST', `${second}/discard`, { body: { reason: 'made by a test' } });
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ code: 'messaging.unknown_dead_letter' });
    expect(handled).toEqual(['first']);
  });

  it('are closed to tenants, and to who may only look', async () => {
    expect((await call('GET', '', { claims: { tid: 'aa' } })).status).toBe(403);
    expect((await call('GET', '', { claims: { perms: ['tenants:read'] } })).status).toBe(403);
    const looker = { claims: { perms: ['operations:read'] } };
    expect((await call('GET', '/dead-letters', looker)).status).toBe(200);
    expect((await call('POST', '/dead-letters/YWE/replay', looker)).status).toBe(403);
  });
});
