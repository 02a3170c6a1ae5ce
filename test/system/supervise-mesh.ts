import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');
const LOG_TAIL_LINES = 25;
/**
 * A mesh takes 101 ports together, below those that the system gives to outgoing connections: a service that is killed must find its port free
 * when it comes back.
 */
const FIRST_PORT = 11_000;
const PORTS = 101;
const PORT_RANGES = 200;

/** `standalone`: PostgreSQL and files. `mesh`: Kafka, S3 and as many replicas as in production. */
export type MeshMode = 'standalone' | 'mesh';

const addressesSchema = z.object({
  gatewayUrl: z.string(),
  controlUrl: z.string(),
  postgresPort: z.number(),
  /** Mode `mesh` only, as is the next. */
  kafkaBrokers: z.string().optional(),
  s3Endpoint: z.string().optional(),
});
/** Where a running mesh answers. */
export type MeshAddresses = z.infer<typeof addressesSchema>;

/** A supervisor of a test's own, on a range of ports of its own. */
export interface Supervised {
  readonly process: ChildProcess;
  /** The end of its output. */
  readonly said: () => string;
  /** Resolves when the mesh is up. @throws when it ended before, or takes too long. */
  readonly addresses: () => Promise<MeshAddresses>;
}

export interface SuperviseOptions {
  readonly mode: MeshMode;
  readonly startSeconds: number;
  /** More variables for the supervisor. */
  readonly env: Readonly<Record<string, string>>;
}

export function superviseMesh(stateFolder: string, { mode, startSeconds, env }: SuperviseOptions): Supervised {
  const portBase = FIRST_PORT + PORTS * randomInt(PORT_RANGES);
  const child = spawn(process.execPath, [join(ROOT, 'apps/standalone/dist/up.js'), '--foreground'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      MYRIAD_MODE: mode,
      MYRIAD_STATE: stateFolder,
      MYRIAD_GATEWAY_PORT: String(portBase + PORTS - 1),
      MYRIAD_PORT_BASE: String(portBase),
      MYRIAD_START_TIMEOUT_SECONDS: String(startSeconds),
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-8_000)));
  const file = join(stateFolder, 'addresses.json');
  const addresses = async (): Promise<MeshAddresses> => {
    const untilMs = performance.now() + startSeconds * 1_000;
    while (!existsSync(file)) {
      if (child.exitCode !== null) throw new Error(`the supervisor ended with ${child.exitCode}`);
      if (performance.now() > untilMs) throw new Error(`it is not up after ${startSeconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return addressesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  };
  return { process: child, said: () => said, addresses };
}

/** The end of every log of a mesh, without what only informs. */
export function tailsOf(stateFolder: string): string {
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
