import { type ChildProcess, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@myriad/config';
import { objectStoreOfState } from '@myriad/invariants';
import { type ObjectStore, objectStoreConfig, openObjectStore } from '@myriad/storage';
import { eventually } from '@myriad/testing';
import pg from 'pg';
import { z } from 'zod';
import { Client } from './client.js';
import { type MeshAddresses, type MeshMode, superviseMesh, tailsOf } from './supervise-mesh.js';

const ROOT = join(import.meta.dirname, '../..');
/** Downloads of engines are not counted: `tools/test-engines.mjs` has them ready. */
const START_SECONDS = { standalone: 240, mesh: 300 } as const;
const STOP_MS = 120_000;
const MAX_ATTEMPTS = 5;
const running = new Set<Mesh>();

const processSchema = z.object({
  name: z.string(),
  state: z.string(),
  pid: z.number().optional(),
  restarts: z.number(),
  rssBytes: z.number(),
});
export type MeshProcess = z.infer<typeof processSchema>;

export interface MeshOptions {
  /** Called with the state folder before anything is started. */
  readonly prepare?: (stateFolder: string) => void;
  /** More variables for the supervisor, e.g. where traces go. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: `mesh` when MYRIAD_TEST_MESH is `engines`, else `standalone`. */
  readonly mode?: MeshMode;
}

/** The mode that journeys run in unless they name one. */
export const MODE: MeshMode = process.env['MYRIAD_TEST_MESH'] === 'engines' ? 'mesh' : 'standalone';

/** A whole mesh of its own, on free ports and in a folder of its own. */
export class Mesh {
  private constructor(
    readonly mode: MeshMode,
    readonly stateFolder: string,
    private readonly supervisor: ChildProcess,
    readonly addresses: MeshAddresses,
  ) {}

  /** Builds what changed, starts everything and resolves when all of it answers. */
  static async start({ prepare, mode = MODE, env = {} }: MeshOptions = {}): Promise<Mesh> {
    execFileSync(process.execPath, [join(ROOT, 'tools/build.mjs')], { cwd: ROOT, stdio: 'pipe' });
    const stateFolder = mkdtempSync(join(tmpdir(), 'myriad-system-'));
    chmodSync(stateFolder, 0o711);
    prepare?.(stateFolder);
    for (let attempt = 1; ; attempt++) {
      const supervisor = superviseMesh(stateFolder, { mode, startSeconds: START_SECONDS[mode], env });
      try {
        const mesh = new Mesh(mode, stateFolder, supervisor.process, await supervisor.addresses());
        running.add(mesh);
        return mesh;
      } catch (cause) {
        supervisor.process.kill('SIGTERM');
        const isPortTaken = supervisor.said().includes('is taken by another program');
        if (isPortTaken && attempt < MAX_ATTEMPTS) continue;
        throw new Error(`the mesh did not start:\n${supervisor.said()}\n${tailsOf(stateFolder)}`, { cause });
      }
    }
  }

  /** Ends every mesh that this test file started. */
  static async stopAll(): Promise<void> {
    await Promise.all([...running].map((mesh) => mesh.stop()));
  }

  get url(): string {
    return this.addresses.gatewayUrl;
  }

  /** The first administrator of the platform. */
  get admin(): Client {
    return new Client(this.url, this.secret('admin.key'));
  }

  async processes(): Promise<readonly MeshProcess[]> {
    const response = await this.control('GET', '/processes');
    return z.object({ processes: z.array(processSchema) }).parse(await response.json()).processes;
  }

  /** Names of the processes of a service, or the one process of that name: `auth-1` and `auth-2`, or `auth`. */
  async replicasOf(name: string): Promise<readonly string[]> {
    return (await this.processes()).map((one) => one.name).filter((one) => isOf(name, one));
  }

  /** The process ends at once, without a chance to tidy up; of a service with several the first that runs. Answers the pid that was killed. */
  async kill(name: string): Promise<number> {
    const found = await eventually(async () => {
      const one = (await this.processes()).find(
        (candidate) => isOf(name, candidate.name) && candidate.pid !== undefined,
      );
      if (one?.pid === undefined) throw new Error(`${name} does not run`);
      return one.pid;
    });
    process.kill(found, 'SIGKILL');
    return found;
  }

  /** Waits until all processes of this name, and none that is `killedPid`, are ready. */
  async backAgain(name: string, killedPid: number): Promise<void> {
    await eventually(
      async () => {
        const all = (await this.processes()).filter((candidate) => isOf(name, candidate.name));
        const away = all.filter(({ pid, state }) => pid === undefined || pid === killedPid || state !== 'ready');
        if (all.length === 0 || away.length > 0)
          throw new Error(`${name} is ${away.map(({ state }) => state).join(', ') || 'gone'}`);
      },
      { timeoutMs: 60_000, intervalMs: 50 },
    );
  }

  /** Restarts every process of every service in turn; resolves when all are ready again. */
  async rollingRestart(): Promise<void> {
    await this.control('POST', '/rolling-restart');
  }

  async restart(name: string): Promise<void> {
    await this.control('POST', `/processes/${name}/restart`);
  }

  /** One of the mesh's databases, for its superuser. */
  databaseUrl(database: string): string {
    const passwords = z.record(z.string(), z.string()).parse(JSON.parse(this.secret('database-passwords.json')));
    return `postgresql://postgres:${encodeURIComponent(passwords['postgres'] ?? '')}@127.0.0.1:${this.addresses.postgresPort}/${database}`;
  }

  /** Rows of one of the mesh's databases, as its superuser. */
  async query(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = await this.connect(database);
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The number `n` that a query gives, as a role that acts for a tenant; as the superuser without. */
  async countAs(
    database: string,
    sql: string,
    as?: { readonly role: string; readonly tenantId: string },
  ): Promise<number> {
    const client = await this.connect(database);
    try {
      if (as !== undefined) {
        await client.query(`SET ROLE ${as.role}`);
        await client.query(`SELECT set_config('myriad.tenant_id', $1, false)`, [as.tenantId]);
      }
      return (await client.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
    } finally {
      await client.end();
    }
  }

  /** The store of the mesh's processes, with their keys. */
  openStore(): Promise<ObjectStore> {
    return openObjectStore(loadConfig(z.object(objectStoreConfig), objectStoreOfState(this.stateFolder)));
  }

  /** Where the store keeps an object, sealed. */
  objectFile(tenantId: string, digest: string): string {
    const hex = digest.replace('sha256:', '');
    const file = this.mode === 'mesh' ? [hex] : [hex.slice(0, 2), hex.slice(2)];
    return join(this.objectsFolder, tenantId, 'sealed', ...file);
  }

  /** Where the disk holds the objects: the folder store's, or the bucket that the S3 server keeps as files. */
  get objectsFolder(): string {
    return join(this.stateFolder, this.mode === 'mesh' ? 's3/buckets/myriad' : 'objects');
  }

  /** The end of every log; for the eyes of whoever looks at a failure. */
  logs(): string {
    return tailsOf(this.stateFolder);
  }

  /** Ends everything that was started here and removes its folder. */
  async stop(): Promise<void> {
    running.delete(this);
    if (this.supervisor.exitCode === null) {
      this.supervisor.kill('SIGTERM');
      await Promise.race([
        new Promise((resolve) => this.supervisor.once('exit', resolve)),
        new Promise((resolve) => setTimeout(resolve, STOP_MS).unref()),
      ]);
    }
    rmSync(this.stateFolder, { recursive: true, force: true });
  }

  private async connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.databaseUrl(database) });
    await client.connect();
    return client;
  }

  private secret(name: string): string {
    return readFileSync(join(this.stateFolder, 'secrets', name), 'utf8').trim();
  }

  private async control(method: string, path: string): Promise<Response> {
    const response = await fetch(`${this.addresses.controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.secret('control.token')}` },
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

/** Whether the process is the one of this name, or one of the several of the service of this name. */
function isOf(name: string, process: string): boolean {
  return process === name || (process.startsWith(`${name}-`) && /^\d+$/.test(process.slice(name.length + 1)));
}
