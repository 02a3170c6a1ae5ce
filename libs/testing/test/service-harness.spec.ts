import { existsSync } from 'node:fs';
import { aliasMovedV1, tenantChangedV1 } from '@myriad/contracts';
import { digestOf, tenantId } from '@myriad/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceHarness } from '../src/index.js';
import { NotesModule, SIGNATURE, openNotesDatabase, routes } from './notes-service.js';

describe('ServiceHarness', () => {
  let notes: ServiceHarness;
  beforeAll(async () => {
    notes = await ServiceHarness.start({
      service: 'notes',
      openDatabase: openNotesDatabase,
      module: (parts) => NotesModule.with(parts),
      overrides: [{ provide: SIGNATURE, useValue: 'a test' }],
    });
  });
  afterAll(async () => {
    await notes.close();
  });

  it('calls an operation with the permission it needs, and puts overrides in', async () => {
    const written = await notes.request(routes.write, { tenant: 'aa', body: { title: 'first' } });
    expect(written.status).toBe(201);
    expect(written.body).toEqual({ title: 'first', by: 'a test' });
    const read = await notes.request(routes.read, { tenant: 'aa', params: { title: 'first' } });
    expect(read.body.title).toBe('first');
  });

  it('shows a refusal as a problem, and quotes it where an answer was expected', async () => {
    const other = await notes.request(routes.read, { tenant: 'bb', params: { title: 'first' } });
    expect([other.status, other.problem.code]).toEqual([404, 'notes.note_not_found']);
    expect(() => other.body).toThrow(/readNote answered 404 instead of 200: .*note_not_found/);
    const wrong = await notes.request(routes.write, { tenant: 'aa', anyBody: { title: 1 } });
    expect(wrong.problem.status).toBe(400);
    const missing = await notes.request(routes.write, { tenant: 'aa', permissions: [], body: { title: 'x' } });
    expect(missing.problem.status).toBe(403);
    const fine = await notes.request(routes.read, { tenant: 'aa', params: { title: 'first' } });
    expect(() => fine.problem).toThrow(/no problem/);
  });

  it('shows the events that were committed', async () => {
    await notes.request(routes.write, { tenant: 'aa', body: { title: 'second' } });
    const event = await notes.event(aliasMovedV1, { modelName: 'second' });
    expect(event).toMatchObject({ tenantid: 'aa', source: '/myriad/registry' });
    await notes.flush();
    expect(notes.eventsOf(aliasMovedV1).filter(({ data }) => data.modelName === 'second')).toHaveLength(1);
  });

  it('delivers an event twice and waits for its effect', async () => {
    await notes.publish(tenantChangedV1, 'aa', tenantChangedV1.example);
    const title = `welcome-${tenantChangedV1.example.displayName}`;
    expect((await notes.request(routes.read, { tenant: 'aa', params: { title } })).status).toBe(200);
    expect((await notes.request(routes.read, { tenant: 'bb', params: { title } })).status).toBe(404);
    const rows = await notes.uow.runAcrossTenants('test', (tx) => tx.query('SELECT handler FROM inbox'));
    expect(rows).toHaveLength(1);
  });

  it('has idempotency keys', async () => {
    const options = {
      tenant: 'aa',
      principalId: 'usr_1',
      body: { title: 'once' },
      headers: { 'idempotency-key': 'k' },
    };
    const first = await notes.request(routes.write, options);
    const second = await notes.request(routes.write, options);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('serves the presigned URLs of its object store', async () => {
    const bytes = Buffer.from('weights');
    const { objects } = notes.parts;
    const upload = await objects.presignUpload(tenantId('aa'), digestOf(bytes), bytes.length, 60);
    const { status } = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: bytes });
    expect(status).toBeLessThan(300);
    const { url } = await objects.presignDownload(tenantId('aa'), digestOf(bytes), 60);
    expect(await (await fetch(url)).text()).toBe('weights');
  });

  it('leaves nothing behind', async () => {
    const other = await ServiceHarness.start({
      service: 'notes',
      openDatabase: openNotesDatabase,
      module: (parts) => NotesModule.with(parts),
    });
    const { folder, database } = other.parts;
    await other.close();
    expect(existsSync(folder)).toBe(false);
    await expect(database.ping()).rejects.toThrow();
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
