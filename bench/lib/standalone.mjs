import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { objectStoreOfState } from '@myriad/invariants';

const root = join(import.meta.dirname, '../..');
const scripts = join(root, 'apps/standalone/dist');
const exec = promisify(execFile);

/** A mesh of its own state and ports, beside one that may run already; `mode` is `standalone` (default) or `mesh`. */
export class BenchMesh {
  constructor(mode = 'standalone') {
    this.mode = mode;
  }

  state = mkdtempSync(join(tmpdir(), 'myriad-bench-'));

  async #run(name, ...flags) {
    return exec(
      process.execPath,
      [join(scripts, `${name}.js`), ...(this.mode === 'mesh' ? ['--mesh'] : []), '--state', this.state, ...flags],
      { cwd: root },
    );
  }

  /** Starts it; answers the seconds until everything answered. */
  async up() {
    const fromMs = performance.now();
    await this.#run('up', '--gateway-port', '0', '--port-base', '0');
    return (performance.now() - fromMs) / 1000;
  }

  async down() {
    await this.#run('down');
  }

  async remove() {
    await this.down();
    rmSync(this.state, { recursive: true, force: true });
  }

  get addresses() {
    return JSON.parse(readFileSync(join(this.state, 'addresses.json'), 'utf8'));
  }

  secret(name) {
    return readFileSync(join(this.state, 'secrets', name), 'utf8').trim();
  }

  /** Process ids by name, the supervisor among them. */
  pids() {
    const records = JSON.parse(readFileSync(join(this.state, 'processes.json'), 'utf8'));
    const lock = JSON.parse(readFileSync(join(this.state, 'supervisor.lock'), 'utf8'));
    return {
      supervisor: lock.pid,
      ...Object.fromEntries(Object.entries(records).map(([name, { pid }]) => [name, pid])),
    };
  }

  /** Asks the control door of the supervisor. */
  async control(method, path) {
    const headers = { authorization: `Bearer ${this.secret('control.token')}` };
    const answer = await fetch(this.addresses.controlUrl + path, { method, headers });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Variables by which the evaluator writes to the event log. */
  get eventLog() {
    const { kafkaBrokers } = this.addresses;
    return kafkaBrokers
      ? { EVENT_LOG: 'kafka', KAFKA_BROKERS: kafkaBrokers }
      : { EVENT_LOG: 'postgres', EVENT_LOG_URL: this.databaseUrl('myriad_log', 'log_evaluator') };
  }

  /** Variables by which services reach the objects. */
  get objectStore() {
    return objectStoreOfState(this.state);
  }

  /** A connection string for a database role, as the services get theirs. */
  databaseUrl(database, role) {
    const passwords = JSON.parse(this.secret('database-passwords.json'));
    const port = readFileSync(join(this.state, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[3];
    return `postgres://${role}:${passwords[role]}@127.0.0.1:${port}/${database}`;
  }
}
