// A million models of two versions over ten thousand tenants, a tenth of them one tenant's: how long they take to load, and what searches, look-ups of aliases and
// changes take over HTTP. BENCH_MODELS for fewer.
import { fork } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Pool } from 'undici';
import { initCluster, startPostgres } from '../tools/postgres/launch.mjs';
import { seeded } from './lib/random.mjs';
import { COLUMNS, LARGE, writeRows } from './lib/registry-rows.mjs';
import { quantile } from './lib/statistics.mjs';

const MODELS = Number(process.env.BENCH_MODELS ?? 1_000_000);
const LOOK_UP_SECONDS = 5;
const CONNECTIONS = 16;
const ASKED = 200;
const CHANGED = 200;

/** What is searched for, and where the last page begins. */
const SEARCHES = [
  ['all models', '/v1/models', {}],
  ['a prefix of names', '/v1/models', { filter: "name LIKE 'churn-1%'" }],
  ['a substring of names', '/v1/models', { filter: "name LIKE '%-99%'" }],
  ['a common tag', '/v1/models', { filter: "tags.team = 'ops'" }],
  ['a rare tag', '/v1/models', { filter: "tags.ticket = 't-77'" }],
  ['an application', '/v1/models', { filter: "application = 'churn'" }],
  ['all models, newest first', '/v1/models', { orderBy: 'createdAt DESC' }],
  ['versions by state', '/v1/model-versions', { filter: "status = 'rejected'" }],
  ['versions by family', '/v1/model-versions', { filter: "family = 'text'" }],
];

export async function run(figures) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-bench-registry-'));
  chmodSync(folder, 0o755);
  const stops = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const dataFolder = join(folder, 'pg');
    await initCluster({ dataFolder, superuserPassword: 'bench' });
    const settings = { shared_buffers: '512MB', max_wal_size: '4GB', maintenance_work_mem: '256MB' };
    const postgres = await startPostgres({ dataFolder, logFile: join(folder, 'pg.log'), settings });
    stops.unshift(() => postgres.stop('fast'));
    const serverUrl = `postgres://postgres:bench@127.0.0.1:${postgres.port}/postgres`;
    const registry = await Registry.start(serverUrl);
    stops.unshift(() => registry.stop());
    const aliased = await load(figures, { folder, url: serverUrl.replace(/postgres$/, registry.database) });
    await lookUps(figures, registry, aliased);
    for (const search of SEARCHES) await searched(figures, registry, search);
    await changes(figures, registry, aliased);
  } finally {
    for (const stop of stops) await stop();
  }
}

class Registry {
  #child;

  static async start(serverUrl) {
    const registry = new Registry();
    registry.#child = fork(join(import.meta.dirname, 'lib/registry-child.mjs'), {
      env: { ...process.env, MYRIAD_TEST_PG_URL: serverUrl },
    });
    Object.assign(registry, await registry.#next());
    registry.pool = new Pool(registry.url, { connections: CONNECTIONS, pipelining: 1 });
    return registry;
  }

  /** The status, the answer and the milliseconds that it took. */
  async ask(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}`, ...(body && { 'content-type': 'application/json' }) };
    const fromMs = performance.now();
    const answer = await this.pool.request({ method, path, headers, body: body && JSON.stringify(body) });
    const text = await answer.body.text();
    const tookMs = performance.now() - fromMs;
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return { tookMs, page: text === '' ? undefined : JSON.parse(text) };
  }

  /** Tokens live for minutes. */
  async renew() {
    this.#child.send({ tenant: LARGE });
    ({ token: this.token } = await this.#next());
  }

  async stop() {
    await this.pool.close();
    await new Promise((resolve) => {
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', resolve);
      this.#child.kill('SIGTERM');
    });
  }

  #next() {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`the registry ended with ${code}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (message) => {
        this.#child.off('exit', ended);
        resolve(message);
      });
    });
  }
}

async function load(figures, { folder, url }) {
  const rows = join(folder, 'rows');
  mkdirSync(rows, { mode: 0o755 });
  const fromMs = performance.now();
  const aliased = writeRows(rows, MODELS);
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const copyMs = performance.now();
  for (const [table, columns] of Object.entries(COLUMNS))
    await admin.query(`COPY ${table} (${columns}) FROM '${join(rows, `${table}.tsv`)}'`);
  const endMs = performance.now();
  console.log(`  (rows written in ${((copyMs - fromMs) / 1_000).toFixed(1)} s)`);
  await admin.query('VACUUM ANALYZE');
  await admin.end();
  const seconds = (endMs - copyMs) / 1_000;
  figures.add({ name: `${MODELS} models × 2 versions, copied`, value: seconds, unit: 's', bar: { atMost: 300 } });
  return aliased;
}

async function lookUps(figures, registry, aliased) {
  await registry.renew();
  const random = seeded(3);
  const some = aliased.slice(0, 10_000);
  const look = async (untilMs, tooks) => {
    while (performance.now() < untilMs) {
      const name = some[Math.floor(random() * some.length)];
      tooks.push((await registry.ask('GET', `/v1/models/${name}/aliases/champion`)).tookMs);
    }
  };
  for (const what of ['the first time', 'known']) {
    const tooks = [];
    const untilMs = performance.now() + LOOK_UP_SECONDS * 1_000;
    await Promise.all(Array.from({ length: CONNECTIONS }, () => look(untilMs, tooks)));
    const bars = what === 'known' ? [{ atLeast: 5_000 }, { atMost: 10 }] : [null, null];
    figures.add({
      name: `look-ups of aliases, ${what}`,
      value: tooks.length / LOOK_UP_SECONDS,
      unit: '/s',
      bar: bars[0],
    });
    figures.add({ name: `look-ups of aliases, ${what}, p99`, value: quantile(tooks, 0.99), unit: 'ms', bar: bars[1] });
  }
}

async function searched(figures, registry, [what, path, query]) {
  await registry.renew();
  const pathOf = (more) => `${path}?${new URLSearchParams({ ...query, pageSize: '50', ...more })}`;
  const last = await lastPage(registry, path, query);
  for (const [where, more] of [
    ['first page', {}],
    ['last page', last && { pageToken: last }],
  ]) {
    if (!more) continue;
    const tooks = [];
    for (let asked = 0; asked < ASKED; asked += 1) tooks.push((await registry.ask('GET', pathOf(more))).tookMs);
    const bar = { atMost: 20 };
    figures.add({ name: `${what}, ${where}, p99`, value: quantile(tooks, 0.99), unit: 'ms', bar });
    figures.add({ name: `${what}, ${where}, p50`, value: quantile(tooks, 0.5), unit: 'ms' });
  }
}

/** The token of the last page of 500; undefined where there is one page only. */
async function lastPage(registry, path, query) {
  let token;
  for (;;) {
    const more = token === undefined ? {} : { pageToken: token };
    const { page } = await registry.ask(
      'GET',
      `${path}?${new URLSearchParams({ ...query, pageSize: '500', ...more })}`,
    );
    if (page.nextPageToken === undefined) return token;
    token = page.nextPageToken;
  }
}

async function changes(figures, registry, aliased) {
  await registry.renew();
  const tooks = { get: [], create: [], 'move alias': [] };
  for (let at = 0; at < CHANGED; at += 1) {
    const name = encodeURIComponent(aliased[at]);
    tooks.get.push((await registry.ask('GET', `/v1/models/${name}`)).tookMs);
    tooks.create.push((await registry.ask('POST', '/v1/models', { name: `new-${at}` })).tookMs);
    const body = { version: 1, reason: 'measured' };
    tooks['move alias'].push((await registry.ask('PUT', `/v1/models/${name}/aliases/champion`, body)).tookMs);
  }
  for (const [what, those] of Object.entries(tooks))
    figures.add({ name: `${what}, p50`, value: quantile(those, 0.5), unit: 'ms', bar: { atMost: 3 } });
}
