import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ObjectStore } from '../src/index.js';
import { expectRefusal, listed, newTenants, type StoreFixture } from './store-fixture.js';

/** What every object store promises for documents. */
export function documentContract(openFixture: () => Promise<StoreFixture>): void {
  let fixture: StoreFixture;
  let store: ObjectStore;
  beforeAll(async () => {
    fixture = await openFixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  const textOf = async (tenant: Parameters<ObjectStore['getDocument']>[0], name: string): Promise<string | undefined> =>
    (await store.getDocument(tenant, name))?.bytes.toString();

  test('a document is made once, read, and replaced at the version that was read', async () => {
    const [tenant, other] = newTenants();
    expect(await store.getDocument(tenant, 'state.json')).toBeUndefined();
    const first = await store.putDocument(tenant, 'state.json', Buffer.from('one'), null);
    expect(await store.getDocument(tenant, 'state.json')).toEqual({ bytes: Buffer.from('one'), version: first });
    const second = await store.putDocument(tenant, 'state.json', Buffer.from('two'), first);
    expect(second).not.toBe(first);
    expect(await textOf(tenant, 'state.json')).toBe('two');
    expect(await store.getDocument(other, 'state.json')).toBeUndefined();
    expect(await fixture.leftovers()).toEqual([]);
  });

  test('the names of documents are told, and of no other tenant', async () => {
    const [tenant, other] = newTenants();
    for (const name of ['b.json', 'a', 'c-1_2']) await store.putDocument(tenant, name, Buffer.from(name), null);
    await store.putDocument(other, 'theirs', Buffer.from('x'), null);
    await store.put(tenant, Buffer.from('an object'));
    const names: string[] = [];
    for await (const name of store.documentNames(tenant)) names.push(name);
    expect(names).toEqual(['a', 'b.json', 'c-1_2']);
    for await (const name of store.documentNames(newTenants()[0])) throw new Error(`nobody has ${name}`);
  });

  test('a stale, an unknown and a missing version are refused and change nothing', async () => {
    const [tenant, other] = newTenants();
    const first = await store.putDocument(tenant, 'doc', Buffer.from('one'), null);
    const second = await store.putDocument(tenant, 'doc', Buffer.from('two'), first);
    const attempt = (version: string | null): Promise<string> =>
      store.putDocument(tenant, 'doc', Buffer.from('three'), version);
    await expectRefusal(attempt(first), 'storage.precondition_failed');
    await expectRefusal(attempt(null), 'storage.precondition_failed');
    expect(await textOf(tenant, 'doc')).toBe('two');
    await expectRefusal(store.putDocument(other, 'doc', Buffer.from('mine'), second), 'storage.precondition_failed');
    expect(await store.getDocument(other, 'doc')).toBeUndefined();
    expect(await fixture.leftovers()).toEqual([]);
  });

  test('of ten first writers one wins', async () => {
    const [tenant] = newTenants();
    const writers = Array.from({ length: 10 }, (_, i) => store.putDocument(tenant, 'doc', Buffer.from(`${i}`), null));
    const outcomes = await Promise.allSettled(writers);
    const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`${i}`] : []));
    expect(winners).toHaveLength(1);
    expect(await textOf(tenant, 'doc')).toBe(winners[0]);
  });

  test('no increment of several writers in two processes is lost', async () => {
    const [tenant] = newTenants();
    await store.putDocument(tenant, 'counter', Buffer.from('0'), null);
    const stores = [store, await fixture.open()];
    const increment = async (with_: ObjectStore): Promise<void> => {
      for (;;) {
        const { bytes, version } = (await with_.getDocument(tenant, 'counter'))!;
        const next = Buffer.from(String(Number(bytes.toString()) + 1));
        try {
          await with_.putDocument(tenant, 'counter', next, version);
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'storage.precondition_failed' });
        }
      }
    };
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        for (let n = 0; n < 5; n++) await increment(stores[i % 2]!);
      }),
    );
    expect(await textOf(tenant, 'counter')).toBe('40');
    expect(await fixture.leftovers()).toEqual([]);
  }, 60_000);

  test.each(['', '.', '..', '../x', 'a/b', '/a', 'UPPER', 'a\0', 'x'.repeat(201), '.hidden'])(
    'the name %j is refused',
    async (name) => {
      const [tenant] = newTenants();
      await expectRefusal(store.putDocument(tenant, name, Buffer.from('x'), null), 'storage.name_invalid');
      await expectRefusal(store.getDocument(tenant, name), 'storage.name_invalid');
    },
  );

  test('the longest name, an empty document and the largest one are kept; a larger one is refused', async () => {
    const [tenant] = newTenants();
    const name = 'x'.repeat(200);
    const version = await store.putDocument(tenant, name, Buffer.alloc(0), null);
    expect(await textOf(tenant, name)).toBe('');
    await store.putDocument(tenant, name, Buffer.alloc(1024 * 1024, 1), version);
    const tooLarge = Buffer.alloc(1024 * 1024 + 1);
    await expectRefusal(store.putDocument(tenant, 'large', tooLarge, null), 'storage.too_large');
  });

  test('a document is no object', async () => {
    const [tenant] = newTenants();
    await store.putDocument(tenant, 'doc', Buffer.from('x'), null);
    expect(await listed(store, tenant)).toEqual([]);
  });
}
