import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type HttpContract,
  type Permission,
  type RouteDefinition,
  httpContracts,
  registryRoutes,
} from '@myriad/contracts';
import { digestOf } from '@myriad/kernel';
import { parse } from 'yaml';
import { z } from 'zod';
import { PLATFORM, addActor, addKey, binding } from './cast.js';
import { type Client, problemOf } from './client.js';
import { Mesh } from './mesh.js';
import { GOLDEN, linesAt, scoreBatch } from './model-way.js';
import { REFUSED } from './refusals-table.js';
import { type World, liveArtifact, makeWorld, refusedModel } from './refusals-world.js';
import { csvOf, machineRows } from './tables.js';

const INSIDES = /node_modules|\.[jt]s:\d|\bat \w+ \(|\/services\/|\/libs\/|ECONN|duckdb/i;
const routes = httpContracts.flatMap(({ routes: byName }) => Object.values(byName));
const withKey = routes.filter(({ permission }) => permission !== 'public');
const filled = (route: RouteDefinition): string =>
  route.path.replaceAll(/:(\w+)/g, (_all, name: string) => (name === 'version' ? '1' : 'x'));
describe('What must be refused', () => {
  let mesh: Mesh;
  let world: World;

  beforeAll(async () => {
    mesh = await Mesh.start();
    world = await makeWorld(mesh).catch((error: unknown) => {
      process.stderr.write(mesh.logs());
      throw error;
    });
  });
  afterAll(() => Mesh.stopAll());

  const assertRefused = async (client: Client, route: RouteDefinition, path: string): Promise<[number, string]> => {
    const answer = await client.send({ method: route.method, path });
    const { status, code } = problemOf(answer);
    expect(status).toBe(answer.status);
    expect(answer.text).not.toMatch(INSIDES);
    return [status, code];
  };

  describe('is refused plainly, and tells nothing of the insides', () => {
    it.each(REFUSED)('$name: $status $code', async ({ ask, status, code }) => {
      const { client, request } = ask(world);
      const answer = await client.send(request);
      expect([answer.status, problemOf(answer)]).toEqual([status, expect.objectContaining({ status, code })]);
      expect(problemOf(answer).detail.length).toBeGreaterThan(10);
      expect(answer.text).not.toMatch(INSIDES);
    });

    it('bytes that are not those that were announced', async () => {
      const { client } = world.owner.program;
      const body = csvOf(machineRows(5, 1));
      const { url, headers } = await client.call(registryRoutes.createDatasetUpload, {
        params: { name: GOLDEN },
        body: { digest: digestOf('other bytes'), sizeBytes: Buffer.byteLength(body) },
      });
      const response = await fetch(url, { method: 'PUT', headers, body });
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ code: 'storage.digest_mismatch' });
    });

    it('ONNX that is cut off, or is none', async () => {
      const { client } = world.owner.steward;
      const whole = await liveArtifact(world);
      expect(await refusedModel(client, whole.subarray(0, whole.length - 40))).toEqual(['inference.onnx_truncated']);
      expect(await refusedModel(client, Buffer.from('GIF89a not a model at all'))).toEqual(['inference.onnx_not_onnx']);
    });
  });

  it('lists the rows of a file that can not be scored beside those that can', async () => {
    const { client } = world.owner.program;
    const rows = [...machineRows(300, 4)];
    rows[7] = { ...rows[7]!, load: 'broken' };
    rows[120] = { ...rows[120]!, age: 'old' };
    await client.call(registryRoutes.createDataset, { body: { name: 'partly-bad' } });
    const sent = await client.send({
      method: 'PUT',
      path: '/v1/datasets/partly-bad/content?format=csv',
      headers: { 'content-type': 'text/csv' },
      body: csvOf(rows),
    });
    expect(sent.status).toBe(201);
    const job = await scoreBatch(client, 'partly-bad', 100);
    expect(job).toMatchObject({ status: 'succeeded', progress: { rows: 300, rowErrors: 2 } });
    const errors = await linesAt(job.errors!.url);
    expect(errors.map(({ row, column, value }) => ({ row, column, value }))).toEqual([
      { row: '7', column: 'load', value: 'broken' },
      { row: '120', column: 'age', value: 'old' },
    ]);
    const scored = (await linesAt(job.output!.url)).filter((line) => line['probability'] !== '');
    expect(scored.map(({ row }) => Number(row))).toEqual(
      rows.map((_row, at) => at).filter((at) => ![7, 120].includes(at)),
    );
  });

  it('answers no route by a key that lacks its permission', async () => {
    const issuer = mesh.admin.in(PLATFORM);
    const { principalId } = await addActor(issuer, 'narrow', [binding('platform-admin', '*')]);
    const narrow = async (scope: Permission): Promise<Client> => addKey(issuer, principalId, [scope]);
    const [one, other] = await Promise.all([narrow('roles:read'), narrow('tenants:read')]);
    for (const route of withKey.filter(({ permission }) => permission !== 'none')) {
      const client = route.permission === 'roles:read' ? other : one;
      expect([route.operationId, ...(await assertRefused(client, route, filled(route)))]).toEqual([
        route.operationId,
        403,
        'gateway.permission_missing',
      ]);
    }
  });

  it('prints the permission of every operation in the OpenAPI pages', async () => {
    const pageSchema = z.object({
      paths: z.record(
        z.string(),
        z.record(z.string(), z.object({ operationId: z.string(), 'x-permission': z.string().optional() })),
      ),
    });
    const printed = await Promise.all(
      httpContracts.map(async ({ service }: HttpContract) => {
        const { text } = await mesh.admin.send({ method: 'GET', path: `/docs/${service}.openapi.yaml` });
        return Object.values(pageSchema.parse(parse(text)).paths).flatMap((methods) => Object.values(methods));
      }),
    );
    const permissions = new Map(printed.flat().map((one) => [one.operationId, one['x-permission']]));
    for (const { operationId, permission } of routes)
      expect([operationId, permissions.get(operationId)]).toEqual([operationId, permission]);
  });
});
