import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ProcessIdentity, identityOf, isAlive } from '../processes/process-identity.js';
import { readJsonFile, writeJsonFile } from './json-file.js';

const recordsSchema = z.record(z.string(), z.object({ pid: z.int().positive(), startedAt: z.string() }));
const POLL_MS = 20;
const ENGINES: ReadonlySet<string> = new Set(['postgres', 'kafka', 's3']);

/** The processes that run, written down so that those of a supervisor that was killed can be found and ended by the next one. */
export class ProcessRecords {
  readonly #running: Map<string, ProcessIdentity>;

  constructor(private readonly path: string) {
    const parsed = recordsSchema.safeParse(readJsonFile(path) ?? {});
    this.#running = new Map(parsed.success ? Object.entries(parsed.data) : []);
  }

  set(name: string, pid: number | undefined): void {
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (identity) this.#running.set(name, identity);
    else this.#running.delete(name);
    writeJsonFile(this.path, Object.fromEntries(this.#running));
  }

  /** Ends every recorded process that lives still: SIGTERM (SIGINT for PostgreSQL), SIGKILL after the grace. Answers their names. */
  async endAll(graceMs: number): Promise<readonly string[]> {
    const living = [...this.#running].filter(([, identity]) => isAlive(identity));
    // The engines last, so that the others can finish what they have begun.
    const isEngine = ([name]: readonly [string, unknown]): boolean => ENGINES.has(name);
    const groups = [living.filter((one) => !isEngine(one)), living.filter(isEngine)];
    for (const group of groups) await Promise.all(group.map(([name, identity]) => end(name, identity, graceMs)));
    this.#running.clear();
    writeJsonFile(this.path, {});
    return living.map(([name]) => name);
  }
}

async function end(name: string, identity: ProcessIdentity, graceMs: number): Promise<void> {
  signal(identity.pid, name === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (isAlive(identity) && Date.now() < deadline) await sleep(POLL_MS);
  if (isAlive(identity)) signal(identity.pid, 'SIGKILL');
  signal(-identity.pid, 'SIGKILL'); // what it has started: every process leads its own group
  while (isAlive(identity)) await sleep(POLL_MS);
}

function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    // it has ended meanwhile
  }
}
