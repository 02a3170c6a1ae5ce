import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes, registryRoutes } from '@myriad/contracts';
import { askWith, bodyWith, type Names, pathWith } from './apart/ask.js';
import { originOf, tokenOf } from './apart/behind.js';
import { BOMBS, datasetBombs } from './apart/bombs.js';
import { type Operation, readOperations } from './apart/operations.js';
import { kindOf, placesOf } from './apart/places.js';
import { poisonous } from './apart/poison.js';
import { isFreeText } from './apart/schema.js';
import { PLATFORM, type Tenant, addActor, addTenant, binding } from './cast.js';
import { Client, problemOf } from './client.js';
import { Mesh } from './mesh.js';
import { commitRows } from './model-way.js';
import { sendRaw, statusesOf } from '../../services/gateway/test/raw-socket.js';
import { refusedModel } from './refusals-world.js';
import { machineRows } from './tables.js';

const CRLF = '\r\n';
const MIB = 1_048_576;
/** Longest that an answer to whatever text may take, milliseconds. */
const AT_ONCE_MS = 2_000;
const operations = readOperations();
const closed = operations.filter(({ permission }) => permission !== 'public');
/** Predictions are refused before their bodies are read: nobody has a model here. */
const withJson = operations.filter(({ body, service }) => body !== undefined && service !== 'realtime');
/** No pool serves here: what asks a replica of no model's is told so. And a path with `..` in it may be one of MLflow's that nobody answers. */
const AS_MEANT: ReadonlySet<string> = new Set(['gateway.no_replica', 'gateway.call_not_served']);
/** Names for every place; of things that nobody has, but for the dataset. */
const NAMES: Names = {
  ...{
    tenant: 'nobody',
    principal: 'usr_x',
    principalName: 'x',
    key: 'key_x',
    keyPrefix: 'abcd2345',
    approval: 'apr_x',
  },
  ...{ subject: 'x', dataset: 'machines', grant: 'grt_x', model: 'm', artifact: `sha256:${'0'.repeat(64)}` },
  ...{ datasetFile: `sha256:${'0'.repeat(64)}`, evidence: `sha256:${'0'.repeat(64)}`, job: 'job_x', run: 'run_x' },
  ...{
    experiment: 'e',
    experimentId: '4711',
    trackedFile: 'x',
    loggedModel: 'm-x',
    evaluation: 'evl_x',
    promotion: 'prm_x',
    rollout: 'rol_x',
    batchJob: 'bat_x',
    campaign: 'cmp_x',
  },
  ...{ fleetRun: 'flt_x', deadLetter: 'x', pageToken: 'x', application: 'a', recipe: 'r', suite: 's' },
  ...{ environment: 'production', alias: 'champion', version: '1' },
};

describe('An attacker', () => {
  let mesh: Mesh;
  let tenant: Tenant;
  /** May do everything, in its tenant. */
  let strong: Client;
  let pids: Readonly<Record<string, number | undefined>>;
  /** Where nobody has any business to connect to. */
  let canary: Server;
  let canaryUrl: string;
  const hits: string[] = [];

  beforeAll(async () => {
    mesh = await Mesh.start();
    tenant = await addTenant(mesh.admin, 'acme-4711');
    const rateLimit = { requestsPerSecond: 100_000, burst: 100_000 };
    for (const tenantId of [tenant.tenantId, PLATFORM])
      await mesh.admin.in(PLATFORM).call(authRoutes.updateTenant, { params: { tenantId }, body: { rateLimit } });
    const { client } = await addActor(mesh.admin.in(tenant.tenantId), 'may all', [
      binding('platform-admin', tenant.tenantId),
    ]);
    strong = client;
    await commitRows(strong, 'machines', machineRows(20, 1));
    pids = await running();
    canary = createServer((request, response) => {
      hits.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    canary.close();
    await Mesh.stopAll();
  });

  async function running(): Promise<Readonly<Record<string, number | undefined>>> {
    return Object.fromEntries((await mesh.processes()).map(({ name, pid }) => [name, pid]));
  }
  const callerOf = ({ isPlatforms }: Operation): Client => (isPlatforms ? mesh.admin.in(PLATFORM) : strong);

  /** What is not refused plainly and at once. */
  async function faultOf(ask: () => Promise<{ status: number; text: string; contentType: string }>): Promise<unknown> {
    const fromMs = performance.now();
    const answer = await ask();
    if (performance.now() - fromMs > AT_ONCE_MS) return `${Math.round(performance.now() - fromMs)} ms`;
    if (answer.status >= 500 && !AS_MEANT.has(problemOf(answer).code)) return answer;
    if (answer.status >= 400 && answer.status !== problemOf(answer).status) return answer;
    return undefined;
  }

  it('is not believed when headers say who it is', async () => {
    const me = async (headers: Readonly<Record<string, string>>): Promise<unknown> => {
      const { status, text } = await strong.send({ method: 'GET', path: '/v1/principals/me', headers });
      return [status, text];
    };
    const honest = await me({});
    expect(honest).toEqual([200, expect.stringContaining(tenant.tenantId)]);
    for (const headers of [
      { 'x-myriad-tenant-id': PLATFORM, 'x-myriad-principal': 'usr_admin', 'x-myriad-permissions': '*' },
      { 'x-myriad-internal': 'true', 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1;host=evil' },
      { 'x-original-url': '/v1/keys', 'x-rewrite-url': '/v1/keys', 'x-http-method-override': 'DELETE' },
    ])
      expect(await me(headers)).toEqual(honest);
    const token = await tokenOf(mesh, { tenantId: PLATFORM });
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: '', 'x-api-key': token }])
      expect(await me(headers)).toEqual([401, expect.stringContaining('gateway.')]);
  });

  it('behind the gateway gets nowhere without its word, and with it no further than the tenant it names', async () => {
    const faults: unknown[] = [];
    const others = closed.filter(({ service }) => service !== 'gateway' && service !== 'realtime');
    for (const service of new Set(others.map((operation) => operation.service))) {
      const url = await originOf(mesh, service);
      const audience = 'myriad-realtime-production';
      const wrong = await tokenOf(mesh, { tenantId: tenant.tenantId, audience });
      const right = await tokenOf(mesh, { tenantId: tenant.tenantId });
      const [head = '', , signature = ''] = right.split('.');
      const claims = JSON.parse(Buffer.from(right.split('.')[1] ?? '', 'base64url').toString()) as object;
      const changed = [
        head,
        Buffer.from(JSON.stringify({ ...claims, tid: PLATFORM })).toString('base64url'),
        signature,
      ].join('.');
      const none = [Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url'), changed.split('.')[1], ''].join(
        '.',
      );
      for (const operation of others.filter((one) => one.service === service)) {
        for (const key of ['', strong.key, wrong, changed, none]) {
          const answer = await askWith(new Client(url, key), operation, NAMES);
          if (answer.status !== 401) faults.push([operation.operationId, key, answer]);
        }
        if (!operation.isPlatforms) continue;
        const answer = await askWith(new Client(url, right).in(PLATFORM), operation, NAMES);
        if (answer.status !== 403) faults.push([operation.operationId, answer]);
      }
    }
    expect(others.length).toBeGreaterThan(100);
    expect(faults).toEqual([]);
  });

  const raw = (start: string, ...headers: readonly string[]): string =>
    [start, 'Host: x', `Authorization: Bearer ${strong.key}`, ...headers, '', ''].join(CRLF);
  const body = '{"name":"smuggled"}';
  const smuggled = (): string =>
    raw('POST /v1/datasets HTTP/1.1', 'Content-Type: application/json', `Content-Length: ${body.length}`) + body;
  const post = (...headers: readonly string[]): string =>
    raw('POST /v1/tokens HTTP/1.1', 'Content-Type: application/json', ...headers);

  it.each([
    ['both lengths', () => post('Content-Length: 5', 'Transfer-Encoding: chunked') + `0${CRLF}${CRLF}`],
    ['two lengths', () => `${post('Content-Length: 2', 'Content-Length: 400')}{}`],
    ['a coding that is none', () => `${post('Transfer-Encoding: xchunked', 'Content-Length: 2')}{}`],
    ['a folded coding', () => post('Transfer-Encoding:', ' chunked', 'Content-Length: 2') + `0${CRLF}${CRLF}`],
    ['a bare LF', () => `${post('Content-Length: 0').trimEnd()}\nX-A: 1\n\n`],
    ['a chunk longer than it says', () => `${post('Transfer-Encoding: chunked')}2${CRLF}{}xx${CRLF}0${CRLF}${CRLF}`],
    ['a body that is refused', () => post('Content-Length: 2000000')],
  ])('smuggles no request by %s', async (_name, start) => {
    const statuses = statusesOf(await sendRaw(mesh.url, start() + smuggled()));
    expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
    const { status } = await strong.send({ method: 'GET', path: '/v1/datasets/smuggled' });
    expect(status).toBe(404);
  });

  it('is told of headers and addresses that are too long', async () => {
    for (const bytes of [
      raw('GET /v1/models HTTP/1.1', `X-A: ${'a'.repeat(70_000)}`),
      raw(`GET /v1/models/${'a'.repeat(70_000)} HTTP/1.1`),
      raw('GET /v1/models HTTP/1.1', ...Array.from({ length: 5_000 }, (_, at) => `X-${at}: a`)),
    ]) {
      const text = await sendRaw(mesh.url, bytes);
      expect(statusesOf(text)).toEqual([431]);
      expect(text).toContain('gateway.headers_too_large');
    }
  });

  it('gets no deep JSON, and no member that reaches a prototype, into any operation', async () => {
    const faults: unknown[] = [];
    for (const operation of withJson) {
      for (const [code, text] of poisonous(bodyWith(operation, NAMES) ?? '')) {
        const path = pathWith(operation, NAMES);
        const headers = { 'content-type': 'application/json' };
        const answer = await callerOf(operation).send({ method: operation.method, path, headers, body: text });
        const isRefused = answer.status === 400 && code === problemOf(answer).code;
        if (!isRefused) faults.push([operation.operationId, code, answer]);
      }
    }
    expect(withJson.length).toBeGreaterThan(30);
    expect(faults).toEqual([]);
  });

  it.each([
    ['a long word', 'a'.repeat(6_000)],
    ['a word that nearly fits', `${'a'.repeat(3_000)}!`],
    ['many dots and dashes', `${'a.-_'.repeat(1_500)}!`],
    ['a pattern', '(a+)+$.*.*.*[[[\\'],
    ['SQL', "' OR 1=1; SELECT pg_sleep(5) --"],
    ['wildcards of SQL', '%_%_%_%_%'.repeat(300)],
    ['a NUL', 'x\0y'],
    ['a half character', '\ud800'],
  ])('slows down or breaks no filter by %s', async (_name, text) => {
    const faults: unknown[] = [];
    for (const operation of closed)
      for (const place of operation.parameters.filter(
        ({ in: where, schema }) => where === 'query' && isFreeText(schema),
      )) {
        const fault = await faultOf(() =>
          askWith(callerOf(operation), operation, NAMES, { queries: [place.at], at: { [place.at]: text } }),
        );
        if (fault !== undefined) faults.push([operation.operationId, place.at, fault]);
      }
    expect(faults).toEqual([]);
  });

  it.each([
    '..',
    '../../etc/passwd',
    '..\\..\\x',
    '/etc/passwd',
    'x\0',
    '%2e%2e%2f',
    'bolt-4711/machines',
    '.',
    '~',
    'C:\\x',
  ])('reaches nothing by the name %j', async (text) => {
    const faults: unknown[] = [];
    for (const operation of closed)
      for (const place of placesOf(operation)) {
        if (place.at.startsWith('?') || kindOf(operation, place) === undefined || !isFreeText(place.schema)) continue;
        const fault = await faultOf(() => askWith(callerOf(operation), operation, NAMES, { at: { [place.at]: text } }));
        if (fault !== undefined) faults.push([operation.operationId, place.at, fault]);
      }
    expect(faults).toEqual([]);
  });

  it('makes nobody connect to an address that it writes anywhere', async () => {
    const faults: unknown[] = [];
    for (const operation of operations)
      for (const place of placesOf(operation).filter(({ schema }) => isFreeText(schema))) {
        const url = `${canaryUrl}/${operation.operationId}/${encodeURIComponent(place.at)}`;
        const queries = place.at.startsWith('?') ? [place.at] : [];
        const fault = await faultOf(() =>
          askWith(callerOf(operation), operation, NAMES, { queries, at: { [place.at]: url } }),
        );
        if (fault !== undefined) faults.push([operation.operationId, place.at, fault]);
      }
    await commitRows(strong, 'links', [
      { load: canaryUrl, age: `@${canaryUrl}`, region: `=WEBSERVICE("${canaryUrl}")`, failed: '1' },
    ]);
    expect(faults).toEqual([]);
    expect(hits).toEqual([]);
  });

  it.each(BOMBS)('brings no registry down by an ONNX file with $name', async ({ bytes, code }) => {
    const fromMs = performance.now();
    expect(await refusedModel(strong, bytes(canaryUrl))).toEqual([code]);
    expect(performance.now() - fromMs).toBeLessThan(30_000);
    expect(hits).toEqual([]);
  });

  it('brings no registry down by a dataset that is small only while it is packed', async () => {
    for (const { name, bytes, mediaType, format, code } of await datasetBombs()) {
      const answer = await strong.send({
        method: 'PUT',
        path: `/v1/datasets/machines/content?format=${format}`,
        headers: { 'content-type': mediaType },
        body: bytes,
      });
      expect([name, bytes.length < MIB, answer.status, problemOf(answer).code]).toEqual([name, true, 422, code]);
    }
  });

  it('has ended no process, and left none swollen', async () => {
    expect(await running()).toEqual(pids);
    const { client } = tenant.steward;
    await commitRows(client, 'after', machineRows(20, 5));
    const own = await client.call(registryRoutes.getDatasetVersion, { params: { name: 'after', version: 1 } });
    expect(own.rowCount).toBe(20);
    for (const { name, rssBytes } of await mesh.processes()) expect([name, rssBytes < 700 * MIB]).toEqual([name, true]);
  });
});
