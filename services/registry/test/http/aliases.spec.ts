import { readFileSync } from 'node:fs';
import { aliasMovedV1, promotionCompletedV1, registryRoutes as routes, versionAdmittedV1 } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { onnxFile } from '../onnx-file.js';
import { RegistryApp } from '../registry-app.js';

const logistic = readFileSync(`${import.meta.dirname}/../../../../libs/inference/test/fixtures/logistic.onnx`);
const name = 'flight-delay';

describe('aliases', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  const move = (tenant: string, version: number, alias = 'champion') => {
    app.clock.advance(1);
    return app.harness.request(routes.moveAlias, {
      tenant,
      principalId: 'usr_moves',
      params: { name, alias },
      body: { version, reason: 'better' },
    });
  };
  const history = async (tenant: string, alias = 'champion') =>
    (await app.harness.request(routes.listAliasHistory, { tenant, params: { name, alias } })).body.items.map(
      ({ version }) => version,
    );
  const moves = async (tenant: string) => {
    await app.harness.flush();
    return app.harness.eventsOf(aliasMovedV1).filter(({ data }) => data.tenantId === tenant);
  };

  async function admitted(tenant: string, versions: number): Promise<void> {
    for (let version = 1; version <= versions; version += 1) {
      await app.runEnded(tenant, logistic);
      await app.harness.event(versionAdmittedV1, { tenantId: tenant, version });
    }
  }

  it('move to an admitted version, with history and one event a move', async () => {
    await admitted('aa', 2);
    expect((await move('aa', 1)).body).toMatchObject({ version: 1, movedBy: 'usr_moves', reason: 'better' });
    expect((await move('aa', 2)).body.version).toBe(2);
    expect((await move('aa', 2)).body.version).toBe(2);
    await move('aa', 1);
    await move('aa', 2, 'challenger');
    expect(await history('aa')).toEqual([1, 2, 1]);
    expect((await moves('aa')).map(({ data }) => [data.alias, data.previousVersion, data.version])).toEqual([
      ['champion', null, 1],
      ['champion', 1, 2],
      ['champion', 2, 1],
      ['challenger', null, 2],
    ]);
    const model = await app.harness.request(routes.getModel, { tenant: 'aa', params: { name } });
    expect(model.body).toMatchObject({ latestVersion: 2, aliases: { champion: 1, challenger: 2 } });
    const list = await app.harness.request(routes.listAliases, { tenant: 'aa', params: { name } });
    expect(list.body.items.map(({ alias }) => alias)).toEqual(['challenger', 'champion']);
  });

  it('point to no version that is not admitted, or is not there', async () => {
    await app.runEnded('odd', onnxFile('Sin'));
    const refused = await move('odd', 1);
    expect([refused.status, refused.problem.code]).toEqual([409, 'registry.version_not_admitted']);
    expect((await move('odd', 2)).problem.code).toBe('registry.model_version_not_found');
    expect(await moves('odd')).toEqual([]);
  });

  it("point to no other tenant's version, and are shown to their own tenant only", async () => {
    await admitted('mine', 2);
    await admitted('theirs', 1);
    expect((await move('theirs', 2)).problem.code).toBe('registry.model_version_not_found');
    await move('mine', 2);
    expect(await history('theirs')).toEqual([]);
    const list = await app.harness.request(routes.listAliases, { tenant: 'theirs', params: { name } });
    expect(list.body.items).toEqual([]);
    const nobody = await app.harness.request(routes.listAliases, { tenant: 'nobody', params: { name } });
    expect(nobody.problem.code).toBe('registry.model_not_found');
  });

  it('are looked up by their own tenant, as another replica moved them', async () => {
    await admitted('seen', 2);
    await move('seen', 1);
    const look = async (tenant: string) => {
      const found = await app.harness.request(routes.getAlias, { tenant, params: { name, alias: 'champion' } });
      return found.status === 200 ? found.body.version : found.problem.code;
    };
    expect([await look('seen'), await look('theirs')]).toEqual([1, 'registry.alias_not_found']);
    const { versionId } = await app.version('seen', name, 2);
    const moved = { ...aliasMovedV1.example, tenantId: 'seen', modelName: name, version: 2, versionId };
    await app.harness.uow.runAcrossTenants('what another replica does', async (tx) => {
      await tx.query("UPDATE model_alias SET version = 2, version_id = $1 WHERE tenant_id = 'seen'", [versionId]);
      await tx.emit(aliasMovedV1, moved, { tenantId: 'seen' });
    });
    await eventually(async () => {
      expect(await look('seen')).toBe(2);
    });
  });

  it('are moved by a completed promotion, once however often it is told', async () => {
    await admitted('live', 1);
    const { versionId } = await app.version('live', name, 1);
    const data = { ...promotionCompletedV1.example, tenantId: 'live', versionId };
    await app.harness.publish(promotionCompletedV1, 'live', data);
    await app.harness.publish(promotionCompletedV1, 'live', data);
    expect((await moves('live')).map((event) => event.data)).toEqual([
      expect.objectContaining({
        alias: 'champion',
        version: 1,
        movedBy: 'usr_2',
        reason: 'live in production by campaign cmp_1',
      }),
    ]);
    expect(await history('live')).toEqual([1]);
  });
});
