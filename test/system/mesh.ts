import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@myriad/testing';
import pg from 'pg';
import { z } from 'zod';
import { Client } from './client.js';

const ROOT = join(import.meta.dirname, '../..');
const START_SECONDS = 90;
const STOP_MS = 45_000;
const LOG_TAIL_LINES = 25;
/**
 * A mesh takes 101 ports together, below those that the system gives to outgoing connections: a service that is killed must find its port free
 * when it comes back.
 */
const FIRST_PORT = 11_000;
const PORTS = 101;
const PORT_RANGES = 200;
const MAX_ATTEMPTS = 5;
const running = new Set<Mesh>();

const addressesSchema = z.object({ gatewayUrl: z.string(), controlUrl: z.string() });
type Addresses = z.infer<typeof addressesSchema>;
const processSchema = z.object({
  name: z.string(),
  state: z.string(),
  pid: z.number().optional(),
  restarts: z.number(),
});
export type MeshProcess = z.infer<typeof processSchema>;

export interface MeshOptions {
  /** Called with the state folder before anything is started. */
  readonly prepare?: (stateFolder: string) => void;
  /** More variables for the supervisor, e.g. where traces go. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A whole standalone mesh of its own, on free ports and in a folder of its own. */
export class Mesh {
  private constructor(
    readonly stateFolder: string,
    private readonly supervisor: ChildProcess,
    private readonly addresses: Addresses,
  ) {}

  /** Builds what changed, starts everything and resolves when all of it answers. */
  static async start(options: MeshOptions = {}): Promise<Mesh> {
    execFileSync(process.execPath, [join(ROOT, 'tools/build.mjs')], { cwd: ROOT, stdio: 'pipe' });
    const stateFolder = mkdtempSync(join(tmpdir(), 'myriad-system-'));
    chmodSync(stateFolder, 0o711);
    options.prepare?.(stateFolder);
    for (let attempt = 1; ; attempt++) {
      const supervisor = supervise(stateFolder, options.env);
      try {
        const mesh = new Mesh(stateFolder, supervisor.process, await supervisor.addresses());
        running.add(mesh);
        return mesh;
      } catch (cause) {
        supervisor.process.kill('SIGTERM');
        const isPortTaken = supervisor.said().includes('is taken by another program');
        if (isPortTaken && attempt < MAX_ATTEMPTS) continue;
        throw new Error(`the mesh did not start:\n${supervisor.said()}\n${tails(stateFolder)}`, { cause });
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

  /** The process ends at once, without a chance to tidy up. Answers the pid that was killed. */
  async kill(name: string): Promise<number> {
    const found = await eventually(async () => {
      const one = (await this.processes()).find((candidate) => candidate.name === name);
      if (one?.pid === undefined) throw new Error(`${name} does not run`);
      return one.pid;
    });
    process.kill(found, 'SIGKILL');
    return found;
  }

  /** Waits until a process of this name other than `killedPid` is ready. */
  async backAgain(name: string, killedPid: number): Promise<void> {
    await eventually(
      async () => {
        const one = (await this.processes()).find((candidate) => candidate.name === name);
        if (one?.pid === undefined || one.pid === killedPid || !['ready', 'running'].includes(one.state))
          throw new Error(`${name} is ${one?.state ?? 'gone'}`);
      },
      { timeoutMs: 30_000, intervalMs: 50 },
    );
  }

  async restart(name: string): Promise<void> {
    await this.control('POST', `/processes/${name}/restart`);
  }

  /** Rows of one of the mesh's databases, as its superuser. */
  async query(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const passwords = z.record(z.string(), z.string()).parse(JSON.parse(this.secret('database-passwords.json')));
    const client = new pg.Client({
      host: '127.0.0.1',
      port: Number(new URL(this.addresses.controlUrl).port) - 1,
      user: 'postgres',
      password: passwords['postgres'],
      database,
    });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The bytes of an object, straight from the store's folder. */
  object(tenantId: string, digest: string): Buffer {
    return readFileSync(this.objectFile(tenantId, digest));
  }

  /** Where the store keeps an object. */
  objectFile(tenantId: string, digest: string): string {
    const hex = digest.replace('sha256:', '');
    return join(this.stateFolder, 'objects', tenantId, 'sha256', hex.slice(0, 2), hex.slice(2));
  }

  /** The end of every log; for the eyes of whoever looks at a failure. */
  logs(): string {
    return tails(this.stateFolder);
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

interface Supervised {
  readonly process: ChildProcess;
  /** The end of its output. */
  readonly said: () => string;
  /** Resolves when the mesh is up. @throws when it ended before, or takes too long. */
  readonly addresses: () => Promise<Addresses>;
}

function supervise(stateFolder: string, env: MeshOptions['env']): Supervised {
  const portBase = FIRST_PORT + PORTS * randomInt(PORT_RANGES);
  const child = spawn(process.execPath, [join(ROOT, 'apps/standalone/dist/up.js'), '--foreground'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      MYRIAD_STATE: stateFolder,
      MYRIAD_GATEWAY_PORT: String(portBase + PORTS - 1),
      MYRIAD_PORT_BASE: String(portBase),
      MYRIAD_START_TIMEOUT_SECONDS: String(START_SECONDS),
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-8_000)));
  const file = join(stateFolder, 'addresses.json');
  const addresses = async (): Promise<Addresses> => {
    const untilMs = performance.now() + START_SECONDS * 1_000;
    while (!existsSync(file)) {
      if (child.exitCode !== null) throw new Error(`the supervisor ended with ${child.exitCode}`);
      if (performance.now() > untilMs) throw new Error(`it is not up after ${START_SECONDS} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return addressesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  };
  return { process: child, said: () => said, addresses };
}

function tails(stateFolder: string): string {
  const folder = join(stateFolder, 'logs');
  if (!existsSync(folder)) return '';
  return readdirSync(folder)
    .map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
      const telling = lines.filter((line) => !/"level":"info"| LOG: {2}/.test(line));
      return `--- ${name}\n${telling.slice(-LOG_TAIL_LINES).join('\n')}`;
    })
    .join('\n');
}
