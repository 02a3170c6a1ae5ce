import { readFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  authObjectsNamedV1,
  batchObjectsNamedV1,
  evaluatorObjectsNamedV1,
  objectsRemovedV1,
  objectsSuspectedV1,
  registryRoutes as routes,
  trainingObjectsNamedV1,
  versionAdmittedV1,
} from '@myriad/contracts';
import { type Digest, type TenantId, newId, tenantId } from '@myriad/kernel';
import { testContext } from '@myriad/testing';
import { CollectOrphans } from '../../src/application/collect-orphans.js';
import { SqlObjectSweepStore } from '../../src/persistence/sql-object-sweep-store.js';
import { RegistryApp } from '../registry-app.js';

const ANSWERS = [authObjectsNamedV1, trainingObjectsNamedV1, evaluatorObjectsNamedV1, batchObjectsNamedV1];
/** So long that the service does not look on its own while a test runs. */
const INTERVAL_MS = 3_600_000;
const GRACE_MS = 2 * INTERVAL_MS;
const logistic = readFileSync(`${import.meta.dirname}/../../../../libs/inference/test/fixtures/logistic.onnx`);
const CSV = 'day,delay\n1,2.5\n';

describe('objects that no row names', () => {
  let app: RegistryApp;
  let tenant: TenantId;
  let neighbour: TenantId;
  beforeAll(async () => {
    app = await RegistryApp.start({ graceMs: GRACE_MS, intervalMs: INTERVAL_MS });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    [tenant, neighbour] = [tenantId(`t-${newId('a').slice(-12).toLowerCase()}`), tenantId('neighbour')];
  });

  const objects = () => app.harness.parts.objects;
  /** Puts bytes whose age begins now on the clock of the test. */
  const put = async (content: string, of = tenant): Promise<Digest> => {
    const digest = await app.upload(of, content);
    const file = join(app.harness.parts.folder, 'objects', of, 'sha256', digest.slice(7, 9), digest.slice(9));
    const now = new Date(app.clock.nowMs());
    await utimes(file, now, now);
    return digest;
  };
  const isThere = async (digest: Digest, of = tenant): Promise<boolean> =>
    (await objects().head(of, digest)) !== undefined;
  /** Looks when what is there now is old. */
  const look = async (afterMs = GRACE_MS + INTERVAL_MS): Promise<void> => {
    app.clock.advance(afterMs);
    await app.harness.get(CollectOrphans).look();
    await app.harness.flush();
  };
  const questions = () => app.harness.eventsOf(objectsSuspectedV1).filter(({ data }) => data.tenantId === tenant);
  const removals = () => app.harness.eventsOf(objectsRemovedV1).filter(({ data }) => data.tenantId === tenant);
  /** What a service says to the newest question; every event of a test comes twice. */
  const answer = async (by: (typeof ANSWERS)[number], digests: readonly Digest[] = []): Promise<void> => {
    const { sweepId } = questions().at(-1)!.data;
    await app.harness.publish(by, tenant, { tenantId: tenant, sweepId, digests: [...digests] });
    await app.harness.flush();
  };

  it('are left while they are young', async () => {
    const digest = await put('just put');
    await look(INTERVAL_MS);
    expect(questions()).toEqual([]);
    expect(await isThere(digest)).toBe(true);
  });

  it('are removed once they are old and each service has said that it names them not; that is told once', async () => {
    const digest = await put('left behind');
    await put('left behind', neighbour);
    await look();
    expect(questions().map(({ data }) => data.digests)).toEqual([[digest]]);
    for (const by of ANSWERS) {
      expect(await isThere(digest)).toBe(true);
      await answer(by);
    }
    expect(await isThere(digest)).toBe(false);
    expect(removals().map(({ data }) => [data.digests, data.sizeBytes])).toEqual([[[digest], 11]]);
    expect(await isThere(digest, neighbour)).toBe(true);
  });

  it('are not what a row here names, or one of any other service', async () => {
    await app.dataset(tenant, 'flights');
    const params = { name: 'flights' };
    const request = { tenant, params, query: { format: 'csv' }, anyBody: CSV, headers: { 'content-type': 'text/csv' } };
    expect((await app.harness.request(routes.putDatasetContent, request)).status).toBe(201);
    const kept = await put('an artifact of a run');
    const left = await put('left behind');
    await look();
    expect(questions().at(-1)!.data.digests.toSorted()).toEqual([kept, left].toSorted());
    await answer(authObjectsNamedV1);
    await answer(trainingObjectsNamedV1, [kept]);
    await answer(evaluatorObjectsNamedV1);
    await answer(batchObjectsNamedV1);
    expect([await isThere(kept), await isThere(left)]).toEqual([true, false]);
    const list = await app.harness.request(routes.listDatasetVersions, { tenant, params });
    expect(await isThere(list.body.items[0]!.digest)).toBe(true);
  });

  it('are not what a version is served from', async () => {
    await app.runEnded(tenant, logistic);
    const { serving, artifactDigest } = (await app.harness.event(versionAdmittedV1, { tenantId: tenant })).data;
    const { skeletonDigest, weightsDigest } = serving!.split!;
    const left = await put('left behind');
    const old = new Date(app.clock.nowMs());
    for (const digest of [skeletonDigest, weightsDigest, artifactDigest])
      await utimes(
        join(app.harness.parts.folder, 'objects', tenant, 'sha256', digest.slice(7, 9), digest.slice(9)),
        old,
        old,
      );
    await look();
    expect(questions().at(-1)!.data.digests).toEqual([left]);
    for (const by of ANSWERS) await answer(by);
    expect([await isThere(skeletonDigest), await isThere(weightsDigest), await isThere(left)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('are left when one service says nothing, and its late answer is void', async () => {
    const digest = await put('left behind');
    await look();
    for (const by of ANSWERS.slice(1)) await answer(by);
    app.clock.advance(601_000);
    await answer(authObjectsNamedV1);
    expect(await isThere(digest)).toBe(true);
    expect(removals()).toEqual([]);
    await look();
    expect(questions()).toHaveLength(2);
    for (const by of ANSWERS) await answer(by);
    expect(await isThere(digest)).toBe(false);
  });

  it('are left when they were stored again while others were asked', async () => {
    const digest = await put('sent once more');
    await look();
    app.clock.advance(1_000);
    await put('sent once more');
    for (const by of ANSWERS) await answer(by);
    expect(await isThere(digest)).toBe(true);
    expect(removals()).toEqual([]);
  });

  it('are no orphans when a row names them after the question', async () => {
    await app.dataset(tenant, 'flights');
    const digest = await put(CSV);
    await look();
    const params = { name: 'flights' };
    const commit = await app.harness.request(routes.commitDatasetVersion, {
      tenant,
      params,
      body: { digest, format: 'csv' },
    });
    expect(commit.status).toBe(201);
    for (const by of ANSWERS) await answer(by);
    expect(await isThere(digest)).toBe(true);
  });

  it('are not what a document of the tenant names', async () => {
    const [kept, left] = [await put('a part of a snapshot'), await put('left behind')];
    const document = Buffer.from(JSON.stringify({ snapshots: [{ parts: [kept] }] }));
    await objects().putDocument(tenant, 'snapshots.a-topic', document, null);
    await objects().putDocument(neighbour, 'snapshots.a-topic', Buffer.from(JSON.stringify({ parts: [left] })), null);
    await look();
    for (const by of ANSWERS) await answer(by);
    expect([await isThere(kept), await isThere(left)]).toEqual([true, false]);
  });

  it('are asked about once when they are old enough, and again with all others after a week', async () => {
    const digest = await put('named by a run');
    await look();
    for (const by of ANSWERS) await answer(by, [digest]);
    for (let again = 0; again < 3; again += 1) await look(INTERVAL_MS);
    expect(questions()).toHaveLength(1);
    await look(7 * 86_400_000);
    expect(questions()).toHaveLength(2);
    expect(questions().at(-1)!.data.digests).toEqual([digest]);
    for (const by of ANSWERS) await answer(by); // the row of the run is gone
    expect(await isThere(digest)).toBe(false);
  });

  it('keep who is about to name them waiting, who then finds them gone', async () => {
    await app.dataset(tenant, 'flights');
    const digest = await put(CSV);
    const params = { name: 'flights' };
    const body = { digest, format: 'csv' } as const;
    let committing: Promise<{ status: number; problem: { code: string } }> | undefined;
    let ended = false;
    await app.harness.uow.run(testContext(tenant), async (tx) => {
      await new SqlObjectSweepStore().claimObjects(tx);
      committing = app.harness
        .request(routes.commitDatasetVersion, { tenant, params, body })
        .finally(() => (ended = true));
      await pause(300);
      expect(ended).toBe(false);
      await objects().delete(tenant, digest);
    });
    const { status, problem } = await committing!;
    expect([status, problem.code]).toEqual([404, 'registry.upload_not_found']);
  });

  it('are looked for by one replica at a time', async () => {
    app.clock.advance(INTERVAL_MS);
    const orphans = app.harness.get(CollectOrphans);
    const looked = await Promise.all(Array.from({ length: 5 }, () => orphans.look()));
    expect(looked.filter(Boolean)).toHaveLength(1);
    expect(await orphans.look()).toBe(false);
    app.clock.advance(INTERVAL_MS);
    expect(await orphans.look()).toBe(true);
  });
});
