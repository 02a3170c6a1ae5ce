import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import pg from 'pg';
import type { ProcessReport } from '../src/control/mesh.port.js';
import { identityOf } from '../src/processes/process-identity.js';
import { supervisorLog } from '../src/state/supervisor-log.js';
import { type MeshAddresses, Supervisor } from '../src/supervisor.js';
import { FakeRoot } from './fake-root.js';

const REPLICA = 'realtime-engineering-tabular-small';
const SPEC = { service: 'realtime' as const, env: { ENVIRONMENT: 'engineering', POOL: 'tabular-small' } };

describe('Supervisor', () => {
  const root = new FakeRoot();
  let supervisor: Supervisor;
  let addresses: MeshAddresses;
  let lines: string[] = [];

  const startMesh = async (): Promise<void> => {
    lines = [];
    supervisor = new Supervisor({
      root: root.path,
      config: root.config(),
      log: supervisorLog((line) => lines.push(line)),
    });
    addresses = await supervisor.start();
  };
  beforeAll(startMesh, 60_000);
  afterAll(async () => {
    await supervisor.stop();
    await root.remove();
  });

  const named = (name: string): ProcessReport => {
    const report = supervisor.processes().find((process) => process.name === name);
    if (!report) throw new Error(`no ${name}`);
    return report;
  };
  const readyAgain = (name: string, before: ProcessReport): Promise<ProcessReport> =>
    eventually(() => {
      const now = named(name);
      expect(now.state).toBe('ready');
      expect(now.pid).not.toBe(before.pid);
      return now;
    });
  const environmentOf = async (name: string): Promise<Record<string, string>> => {
    const answer = await fetch(`${named(name).url ?? ''}/env`);
    return (await answer.json()) as Record<string, string>;
  };
  const query = async <T extends pg.QueryResultRow>(url: string | undefined, sql: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: url ?? '' });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('has everything ready when it says so, and tells where', async () => {
    const names = supervisor.processes().map((process) => [process.name, process.state]);
    const expected = [
      'postgres',
      'auth',
      'registry',
      'training',
      'evaluator',
      'deployer',
      'batch',
      'objects',
      'gateway',
    ];
    expect(names).toEqual(expected.map((name) => [name, 'ready']));
    expect((await fetch(`${addresses.gatewayUrl}/readyz`)).status).toBe(200);
    expect(addresses.isFirstStart).toBe(true);
    expect(readFileSync(addresses.adminKeyFile, 'utf8')).toBe('myr_abcdefgh_secret');
    for (const { rssBytes } of supervisor.processes()) expect(rssBytes).toBeGreaterThan(5e6);
  });

  it('tells each service its own database, and the gateway where the services are', async () => {
    const auth = await environmentOf('auth');
    expect(await query(auth['DATABASE_URL'], 'select current_user, current_database()')).toEqual([
      { current_user: 'auth_app', current_database: 'auth' },
    ]);
    await query(auth['DATABASE_MIGRATION_URL'], 'create table owned (id int primary key)');
    const gateway = await environmentOf('gateway');
    expect(gateway).not.toHaveProperty('DATABASE_URL');
    expect(gateway['REGISTRY_URL']).toBe(named('registry').url);
    expect((await environmentOf('deployer'))['SUPERVISOR_URL']).toBe(addresses.controlUrl);
  });

  it("shuts a service's role out of another's database, and lets it neither own tables nor bypass row-level security", async () => {
    const { DATABASE_URL: url = '' } = await environmentOf('registry');
    await expect(query(url.replace(/\/registry$/, '/auth'), 'select 1')).rejects.toThrow(
      'permission denied for database',
    );
    await expect(query(url, 'create table mine (id int primary key)')).rejects.toThrow(
      'permission denied for schema public',
    );
    const roles = await query<{ rolname: string }>(
      url,
      `select rolname from pg_roles where rolcanlogin and (rolbypassrls or rolsuper) and rolname <> 'postgres'`,
    );
    expect(roles).toEqual([]);
  });

  it('lets every service read and write the event log, and change nothing of its tables', async () => {
    const { EVENT_LOG_URL: url } = await environmentOf('batch');
    const topics = `select myriad_log.log_ensure_topics('[{"name":"t","partitions":1,"cleanup":"compact"}]')`;
    await query(url, `set search_path = myriad_log; ${topics}`);
    await expect(query(url, 'drop table myriad_log.log_record')).rejects.toThrow('must be owner of table');
  });

  it('starts a crashed service again', async () => {
    const before = named('training');
    await fetch(`${before.url ?? ''}/crash`).catch(() => undefined);
    const after = await readyAgain('training', before);
    expect(after).toMatchObject({ restarts: before.restarts + 1, url: before.url, lastExit: { code: 1 } });
    expect(lines.some((line) => line.includes('ended by itself') && line.includes('training'))).toBe(true);
  });

  it('ends what a killed service had started', async () => {
    const before = named('training');
    const { pid } = (await (await fetch(`${before.url ?? ''}/spawn`)).json()) as { pid: number };
    expect(identityOf(pid)).toBeDefined();
    process.kill(before.pid ?? 0, 'SIGKILL');
    await readyAgain('training', before);
    expect(identityOf(pid)).toBeUndefined();
  });

  it('starts PostgreSQL again when it is killed, with all that was committed', async () => {
    const { DATABASE_MIGRATION_URL: url } = await environmentOf('evaluator');
    await query(url, 'create table kept (id int primary key); insert into kept values (1)');
    const before = named('postgres');
    process.kill(before.pid ?? 0, 'SIGKILL');
    await readyAgain('postgres', before);
    expect(await query(url, 'select id from kept')).toEqual([{ id: 1 }]);
  });

  it('keeps a serving process: same variables leave it, others start it anew, its port stays', async () => {
    const first = await supervisor.replicas.put(REPLICA, SPEC);
    await eventually(() => {
      expect(supervisor.replicas.get(REPLICA)?.status).toBe('ready');
    });
    const running = supervisor.replicas.get(REPLICA);
    expect(await supervisor.replicas.put(REPLICA, SPEC)).toEqual(running);
    const before = named(REPLICA);
    await supervisor.replicas.put(REPLICA, { ...SPEC, env: { ...SPEC.env, MEMORY_LIMIT_BYTES: '1000000' } });
    const after = await readyAgain(REPLICA, before);
    expect(after.url).toBe(first.url);
    expect(await environmentOf(REPLICA)).toMatchObject({ MEMORY_LIMIT_BYTES: '1000000', POOL: 'tabular-small' });
  });

  it("gives a serving process its own environment's credentials, and of the services' secrets what opens objects", async () => {
    const env = await environmentOf(REPLICA);
    expect(await query(env['EVENT_LOG_URL'], 'select current_user')).toEqual([
      { current_user: 'log_realtime_engineering' },
    ]);
    const given = Object.keys(env).filter((name) => /KEY|TOKEN|DATABASE|SIGNING|SECRET/.test(name));
    expect(given.sort()).toEqual(['OBJECT_KEYRING_PATH', 'OBJECT_MASTER_SECRET_FILE']);
  });

  it('brings everything back after a stop: the state, the serving processes and their ports', async () => {
    const before = named(REPLICA);
    const pids = supervisor.processes().map(({ pid = 0 }) => pid);
    await supervisor.stop();
    for (const pid of pids) expect(identityOf(pid)).toBeUndefined();
    await startMesh();
    expect(addresses.isFirstStart).toBe(false);
    expect(named(REPLICA)).toMatchObject({ state: 'ready', url: before.url });
    const { DATABASE_MIGRATION_URL: url } = await environmentOf('evaluator');
    expect(await query(url, 'select id from kept')).toEqual([{ id: 1 }]);
  }, 60_000);

  it('is up all the same when a serving process does not start', async () => {
    await supervisor.stop();
    root.order(REPLICA, { exitCode: 1 });
    await startMesh();
    expect(supervisor.replicas.get(REPLICA)?.status).toBe('starting');
    expect(named('gateway').state).toBe('ready');
    root.order(REPLICA, {});
    await eventually(() => {
      expect(supervisor.replicas.get(REPLICA)?.status).toBe('ready');
    });
  }, 60_000);

  it('lets a serving process go for good', async () => {
    const { pid = 0 } = named(REPLICA);
    expect(await supervisor.replicas.remove(REPLICA)).toBe(true);
    expect(await supervisor.replicas.remove(REPLICA)).toBe(false);
    expect(identityOf(pid)).toBeUndefined();
    expect(readFileSync(`${root.state}/replicas.json`, 'utf8').trim()).toBe('{}');
  });

  it('keeps logs and secrets from other users', () => {
    for (const folder of ['logs', 'secrets', 'objects'])
      expect(statSync(`${root.state}/${folder}`).mode & 0o77).toBe(0);
  });
});
