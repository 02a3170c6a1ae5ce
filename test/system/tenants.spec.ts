import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { authRoutes, operationsOf, promotionApprovedV1, registryRoutes, versionAdmittedV1 } from '@myriad/contracts';
import { type Digest, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { askWith, bodyWith, pathWith, type Names } from './apart/ask.js';
import { originOf, tokenOf } from './apart/behind.js';
import { type Marks, marksOf, shownIn } from './apart/marks.js';
import { type Operation, readOperations } from './apart/operations.js';
import { KINDS, type Kind, isShared, kindOf, placesOf } from './apart/places.js';
import { poisonous } from './apart/poison.js';
import { databasesOf, rowsOf, tablesOf } from './apart/tables.js';
import { forgeEvent, forgeKey, openLogOf } from './apart/forge.js';
import { type World, makeWorld } from './apart/world.js';
import { PLATFORM, type Tenant, addKey } from './cast.js';
import { type Answer, Client, problemOf } from './client.js';
import { Mesh } from './mesh.js';
import { MODEL, predict } from './model-way.js';
import { machineRows } from './tables.js';
import { sendRaw, statusesOf } from '../../services/gateway/test/raw-socket.js';

const operations = readOperations();

/** Needs no key, and why that shows nobody's things. */
const PUBLIC: Readonly<Record<string, string>> = {
  getJwks: 'public keys, to verify tokens with',
  listLoginProviders: 'how one logs in',
  getLoginProvider: 'how one logs in',
  startLogin: 'the beginning of a login: nobody is anybody yet',
  finishLogin: 'takes a state, a code and a verifier that only the one who logs in has',
  exchangeIdToken: 'takes a token that only the one who logs in has',
  refreshLogin: 'takes a secret of the login',
  endLogin: 'takes a secret of the login',
  serverMetadata: 'name and version of the server',
  serverLive: 'that the server runs',
  serverReady: 'that the server is ready',
};

/** With the owner's names the stranger gets something all the same, and why that is its own. */
const OWN: Readonly<Record<string, string>> = {
  getModels: 'says of each name that is not its own that there is nothing',
  tagModels: 'refuses each name that is not its own as one of nothing',
  moveAliases: 'refuses each name that is not its own as one of nothing',
  createDataset: 'names are free in each tenant: it makes a dataset of its own',
  createExperiment: 'names are free in each tenant: it makes an experiment of its own',
  createModel: 'names are free in each tenant: it makes a model of its own',
  mlflowCreateExperiment: 'names are free in each tenant: it makes an experiment of its own',
  mlflowSearchRuns: 'an experiment that it does not have has no runs',
  mlflowUploadArtifact: 'paths are free in each tenant: it keeps a file of its own',
  createModelUpload: 'a URL into its own part of the store',
  'createDatasetUpload datasetFile': 'a URL into its own part of the store',
  'requestGrant principal': 'whom it lets use its own data is its own business',
};

const closed = operations.filter(({ permission }) => permission !== 'public');
const isRequired = ({ parameters }: Operation, at: string): boolean =>
  parameters.some((parameter) => parameter.at === at && parameter.required);
const kindsOf = (operation: Operation): readonly Kind[] =>
  placesOf(operation)
    .filter(({ at }) => !at.startsWith('?') || isRequired(operation, at))
    .map((place) => kindOf(operation, place))
    .filter((kind): kind is Kind => kind !== undefined && kind !== 'principalName' && !isShared(kind));
const ofTenants = closed.filter(({ isPlatforms }) => !isPlatforms);
const reaching = ofTenants.filter(
  (operation) => kindsOf(operation).length > 0 && !Object.hasOwn(OWN, operation.operationId),
);
const reads = ofTenants.filter(({ method, isStream }) => method === 'GET' && !isStream);
const lists = reads.filter((operation) => kindsOf(operation).length === 0);

describe('Tenants', () => {
  let mesh: Mesh;
  let world: World;
  let strangers: Client;
  /** Of the owner alone. */
  let marks: Marks;
  let rowsBefore: Readonly<Record<string, string>>;

  beforeAll(async () => {
    mesh = await Mesh.start();
    world = await makeWorld(mesh).catch((error: unknown) => {
      process.stderr.write(mesh.logs());
      throw error;
    });
    strangers = world.strangersAll.client;
    marks = await ownersMarks();
    rowsBefore = await rowsAtRest();
  });
  afterAll(() => Mesh.stopAll());

  async function ownersMarks(): Promise<Marks> {
    const { owner, owners, common } = world;
    const all = await marksOf(owner.steward.client, reads, owners);
    return new Set([...[...all].filter((mark) => !common.includes(mark)), owner.tenantId]);
  }

  /** The owner's rows, when what was begun has ended. */
  async function rowsAtRest(): Promise<Readonly<Record<string, string>>> {
    let before = {};
    return eventually(
      async () => {
        const now = await rowsOf(mesh, world.owner.tenantId);
        const isAtRest = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        if (!isAtRest) throw new Error('the rows still change');
        return now;
      },
      { timeoutMs: 60_000, intervalMs: 1_500 },
    );
  }

  const shownOf = (operation: Operation, names: Names, answer: Answer): readonly string[] =>
    shownIn(answer.text, marks, `${pathWith(operation, names)} ${bodyWith(operation, names) ?? ''}`);
  const each = async (
    some: readonly Operation[],
    check: (operation: Operation) => Promise<unknown>,
  ): Promise<readonly unknown[]> => {
    const faults: unknown[] = [];
    for (const operation of some) {
      const fault = await check(operation).catch((error: unknown) => String(error));
      if (fault !== undefined) faults.push([operation.operationId, fault]);
    }
    return faults;
  };

  it('are known at every place of every operation', () => {
    expect(operations.length).toBeGreaterThan(140);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const kinds = new Set(
      operations.flatMap((operation) => placesOf(operation).map((place) => kindOf(operation, place))),
    );
    expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
    const open = operations.filter(({ permission }) => permission === 'public');
    expect(open.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(PUBLIC).sort());
    expect(marks.size).toBeGreaterThan(50);
  });

  it('are closed to whoever has no key', async () => {
    const nobody = new Client(mesh.url, '');
    const faults = await each(closed, async (operation) => {
      const answer = await askWith(nobody, operation, world.owners);
      return problemOf(answer).code === 'gateway.credential_missing' && answer.status === 401 ? undefined : answer;
    });
    expect(faults).toEqual([]);
  });

  it('are closed to keys and tokens of another tenant, whatever the header says', async () => {
    const { accessToken } = await strangers.call(authRoutes.createToken, { body: {} });
    for (const caller of [strangers, new Client(mesh.url, accessToken)])
      for (const acting of [world.owner.tenantId, PLATFORM]) {
        const faults = await each(closed, async (operation) => {
          const answer = await askWith(caller.in(acting), operation, world.owners);
          const isRefused = answer.status === 403 && problemOf(answer).code === 'gateway.tenant_forbidden';
          return isRefused && shownOf(operation, world.owners, answer).length === 0 ? undefined : answer;
        });
        expect([acting, faults]).toEqual([acting, []]);
      }
  });

  it('get no deep JSON, and no member that reaches a prototype, into a prediction, by the gateway or behind it', async () => {
    const { owner, owners } = world;
    const predictions = operations.filter(({ path }) => path.endsWith('/infer'));
    expect(predictions.length).toBeGreaterThan(1);
    const audience = 'myriad-realtime-production';
    const behind = new Client(
      await originOf(mesh, 'realtime-production-tabular-small'),
      await tokenOf(mesh, { tenantId: owner.tenantId, audience }),
    );
    const faults = await each(predictions, async (operation) => {
      const [path, body] = [pathWith(operation, owners), bodyWith(operation, owners) ?? ''];
      const headers = { 'content-type': 'application/json', 'x-myriad-environment': 'production' };
      for (const client of [owner.steward.client, behind])
        for (const [code, text] of poisonous(body)) {
          const answer = await client.send({ method: operation.method, path, headers, body: text });
          if (answer.status !== 400 || problemOf(answer).code !== code) return [code, answer];
        }
      return undefined;
    });
    expect(faults).toEqual([]);
  });

  it('have no business of the platform', async () => {
    const platforms = closed.filter(({ isPlatforms }) => isPlatforms);
    const faults = await each(platforms, async (operation) => {
      const answer = await askWith(strangers, operation, world.owners);
      const isRefused = answer.status === 403 && problemOf(answer).status === 403;
      return isRefused && shownOf(operation, world.owners, answer).length === 0 ? undefined : answer;
    });
    expect(platforms.length).toBeGreaterThan(40);
    expect(faults).toEqual([]);
  });

  it("get for another's things the answer that they get for things that nobody has", async () => {
    const faults = await each(reaching, async (operation) => {
      for (const only of [undefined, ...kindsOf(operation)]) {
        if (Object.hasOwn(OWN, `${operation.operationId} ${only ?? ''}`)) continue;
        const [names, like] = [world.owners, world.nobodys].map((theirs) =>
          only === undefined ? theirs : { ...theirs, ...world.strangers, [only]: theirs[only] },
        ) as [Names, Names];
        const [one, other] = [await askWith(strangers, operation, names), await askWith(strangers, operation, like)];
        const { status } = problemOf(one);
        if (![403, 404].includes(status)) return [only, one];
        if (shownOf(operation, names, one).length > 0) return [only, one];
        if (wordsOf(one, names) !== wordsOf(other, like)) return [only, one, other];
      }
      return undefined;
    });
    expect(reaching.length).toBeGreaterThan(50);
    expect(faults).toEqual([]);
  });

  it('see no rows of another in any list, however they filter', async () => {
    const faults = await each(lists, async (operation) => {
      const queries = operation.parameters
        .filter(({ at, in: where }) => where === 'query' && at !== '?pageToken')
        .map(({ at }) => at);
      const named = queries.filter(
        (at) =>
          kindOf(
            operation,
            operation.parameters.find((one) => one.at === at)!,
          ) !== undefined,
      );
      for (const some of [[], ...named.map((at) => [at]), named]) {
        const answer = await askWith(strangers, operation, world.owners, { queries: some });
        if (answer.status !== 200) return [some, answer];
        const shown = shownIn(answer.text, marks, pathWith(operation, world.owners, { queries: some }));
        if (shown.length > 0) return [some, shown];
      }
      return undefined;
    });
    expect(faults).toEqual([]);
  });

  it("get nothing by another's page tokens", async () => {
    let tokens = 0;
    const faults = await each(
      reads.filter(({ parameters }) => parameters.some(({ at }) => at === '?pageToken')),
      async (operation) => {
        const first = await world.owner.steward.client.send({
          method: 'GET',
          path: `${pathWith(operation, world.owners)}?pageSize=1`,
        });
        const { nextPageToken: pageToken } = JSON.parse(first.text) as { nextPageToken?: string };
        if (pageToken === undefined) return undefined;
        tokens += 1;
        const answer = await askWith(strangers, operation, { ...world.owners, pageToken }, { queries: ['?pageToken'] });
        const shown = shownIn(
          answer.text,
          marks,
          pathWith(operation, { ...world.owners, pageToken }, { queries: ['?pageToken'] }),
        );
        return [200, 400, 404].includes(answer.status) && shown.length === 0 ? undefined : [answer, shown];
      },
    );
    expect(faults).toEqual([]);
    expect(tokens).toBeGreaterThan(10);
  });

  it('with things of the same names see their own, and only those', async () => {
    const { twinsAll, owners } = world;
    const faults = await each(reads, async (operation) => {
      const answer = await askWith(twinsAll.client, operation, owners);
      const shown = shownOf(operation, owners, answer);
      return [200, 403, 404].includes(answer.status) && shown.length === 0 ? undefined : [answer.status, shown];
    });
    expect(faults).toEqual([]);
  });

  it('change nothing of each other: the rows of the owner are what they were', async () => {
    expect(await rowsAtRest()).toEqual(rowsBefore);
  });

  it('get answers of their own model, warm and cold, though all models have one name', async () => {
    const { owner, twin, stranger } = world;
    const rows = machineRows(20, 9);
    const ask = ({ program }: Tenant): Promise<string> =>
      eventually(async () => JSON.stringify(await predict(program.client, rows)), { timeoutMs: 60_000 });
    const [owners, twins] = [await ask(owner), await ask(twin)];
    expect(owners).not.toBe(twins);
    const areTheirOwn = async (first: Tenant, second: Tenant): Promise<void> => {
      const askers = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? first : second));
      const answers = await Promise.all(askers.map(ask));
      expect(answers).toEqual(askers.map((asker) => (asker === owner ? owners : twins)));
      await expect(predict(stranger.program.client, rows)).rejects.toThrow('gateway.model_not_placed');
    };
    await areTheirOwn(owner, twin);
    for (const name of ['realtime', 'gateway'])
      for (const process of (await mesh.processes()).filter((one) => one.name.startsWith(name)))
        await mesh.backAgain(process.name, await mesh.kill(process.name));
    await areTheirOwn(twin, owner);
  });

  it('share no answer kept for an Idempotency-Key, no alias, and no rate limit', async () => {
    const { owner, twin, stranger } = world;
    const headers = { 'idempotency-key': 'the-same-for-all-4711', 'content-type': 'application/json' };
    const made = { method: 'POST', path: '/v1/datasets', headers, body: '{"name":"kept"}' };
    const answers = [];
    for (const { steward } of [owner, twin, stranger, owner]) answers.push(await steward.client.send(made));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
    expect(answers[3]).toEqual(answers[0]);

    const params = { name: MODEL, alias: 'challenger' };
    await twin.steward.client.call(registryRoutes.moveAlias, { params, body: { version: 1, reason: 'ours' } });
    const { items } = await owner.steward.client.call(registryRoutes.listAliases, { params: { name: MODEL } });
    expect(items.map(({ alias }) => alias)).not.toContain('challenger');

    await mesh.admin.in(PLATFORM).call(authRoutes.updateTenant, {
      params: { tenantId: twin.tenantId },
      body: { rateLimit: { requestsPerSecond: 0.01, burst: 1 } },
    });
    const status = async ({ steward }: Tenant): Promise<number> =>
      (await steward.client.send({ method: 'GET', path: '/v1/models' })).status;
    await eventually(async () => {
      expect(await status(twin)).toBe(429);
    });
    expect(await Promise.all([owner, stranger, owner].map(status))).toEqual([200, 200, 200]);
  });

  it('have no say in the event log about each other', async () => {
    const { owner, stranger, owners } = world;
    const forgery = { sayer: stranger.tenantId, victim: owner.tenantId };
    const log = await openLogOf(mesh);
    const admitted = await forgeEvent(log, versionAdmittedV1, forgery);
    const approved = await forgeEvent(log, promotionApprovedV1, forgery);
    const key = await forgeKey(log, owners.principal ?? '', forgery);
    await log.close();
    const letters = [
      ['evaluator', admitted],
      ['deployer', approved],
    ] as const;
    for (const [service, eventId] of letters)
      await eventually(async () => {
        const { items } = await mesh.admin.in(PLATFORM).call(operationsOf(service).list);
        expect(items).toContainEqual(expect.objectContaining({ eventId, code: 'messaging.invalid_event' }));
      });
    // whoever knows this key has read the topic as far as the forged one
    await addKey(mesh.admin.in(stranger.tenantId), world.strangersAll.principalId);
    const answer = await new Client(mesh.url, key).send({ method: 'GET', path: '/v1/principals/me' });
    expect([answer.status, problemOf(answer).code]).toEqual([401, 'gateway.key_invalid']);
  });

  it('have a part of the object store each, and reach no other by a URL', async () => {
    const { owner, twin, stranger, owners } = world;
    const folders = readdirSync(mesh.objectsFolder).filter((name) => !name.startsWith('.'));
    const known = [...[owner, twin, stranger].map(({ tenantId }) => tenantId), PLATFORM];
    expect(folders.filter((name) => !known.includes(name))).toEqual([]);
    const digest = (owners.datasetFile ?? '') as Digest;
    const hex = digest.replace('sha256:', '');
    const store = await mesh.openStore();
    const bytes = await store.getBytes(tenantId(owner.tenantId), digest);
    const secret = bytes.subarray(0, 40).toString('latin1');
    const own = await strangers.call(registryRoutes.downloadDatasetVersion, {
      params: { name: world.strangers.dataset ?? '', version: 1 },
    });
    const up = await strangers.call(registryRoutes.createModelUpload, {
      params: { name: 'mine' },
      body: { digest, sizeBytes: 2 },
    });
    for (const { url, method } of [own, up]) {
      const { pathname, search, host } = new URL(url);
      const [before = ''] = pathname.split(stranger.tenantId);
      const theirs = pathname.replace(stranger.tenantId, owner.tenantId).replace(/[0-9a-f]{64}/, hex);
      const paths = [
        pathname.replace(stranger.tenantId, owner.tenantId),
        theirs,
        ...['..', '%2e%2e', '..%2f', '.%2e'].flatMap((up) => [
          `${before}${stranger.tenantId}/${up}/${owner.tenantId}${theirs.split(owner.tenantId)[1] ?? ''}`,
          `${pathname}/${up}/${up}/${owner.tenantId}/${hex}`,
        ]),
        `${before}${owner.tenantId}%00${pathname.split(stranger.tenantId)[1] ?? ''}`,
        '/etc/passwd',
        '//etc/passwd',
      ];
      for (const path of paths) {
        const head = [`${method} ${path}${search} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 2', 'Connection: close'];
        const text = await sendRaw(url, `${head.join('\r\n')}\r\n\r\n{}`);
        const [status = 0] = statusesOf(text);
        expect([path, status >= 400 && status < 500, text.includes(secret)]).toEqual([path, true, false]);
      }
    }
    expect((await store.getBytes(tenantId(owner.tenantId), digest)).equals(bytes)).toBe(true);
  });

  it('are apart in every table of every database', async () => {
    const databases = await databasesOf(mesh);
    const tables = (await Promise.all(databases.map((name) => tablesOf(mesh, name, world.stranger.tenantId)))).flat();
    expect(tables.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(databases).toHaveLength(6);
    expect(tables.length).toBeGreaterThan(40);
    expect(tables.filter(({ othersRows }) => othersRows > 0).length).toBeGreaterThan(25);
  });
});

/** An answer without what differs from one request to the next, and without the names that were asked for. */
function wordsOf({ status, text }: Answer, names: Names): string {
  const values = Object.values(names)
    .filter((name) => name.length > 1)
    .sort((a, b) => b.length - a.length);
  return `${status} ${values.reduce((words, name) => words.replaceAll(name, '…'), text.replaceAll(/"requestId":"[^"]*"/g, ''))}`;
}
