/** What the engines have in common: a cache of built engines, processes that outlive the command that started them, and waiting for health. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The engine can't run here because a program that it is built or run with is missing; the message names it. */
export class EngineUnavailable extends Error {
  constructor(engine, missing) {
    super(`${engine} is not available: ${missing}`);
    this.name = 'EngineUnavailable';
    this.engine = engine;
    this.missing = missing;
  }
}

/** Folder of one engine version's downloads, shared by every checkout of this user. */
export function cacheFolder(engine, version) {
  return join(process.env.MYRIAD_CACHE ?? join(homedir(), '.cache', 'myriad'), 'engines', engine, version);
}

/** The first line that `command` prints, or undefined when it can't be run. */
export function firstLine(command, args) {
  const { error, stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
  if (error || status !== 0) return undefined;
  return `${stdout}${stderr}`.split('\n')[0];
}

/** Milliseconds until building must have ended: `MYRIAD_ENGINES_UNTIL` (seconds since 1970) says so where time is scarce. */
const timeLeftMs = () => Number(process.env.MYRIAD_ENGINES_UNTIL ?? Infinity) * 1000 - Date.now();

/** {@link runToEnd}, or until building must have ended. */
export function build(command, args, options = {}) {
  const leftMs = timeLeftMs();
  runToEnd(command, args, { ...(Number.isFinite(leftMs) && { timeout: Math.max(1, leftMs) }), ...options });
}

/** Runs a command to its end. @throws with its last output when it fails. */
export function runToEnd(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args[0]} ended with ${status}:\n${`${stdout}${stderr}`.slice(-4000)}`);
}

/**
 * Fills `folder` with `fill(folder)` unless an earlier call finished it (a `.complete` file says so). One process at a time: others wait for the first.
 * @throws {EngineUnavailable} of `engine` when nothing filled it by the time that `MYRIAD_ENGINES_UNTIL` names.
 */
export async function fillOnce(folder, fill, engine) {
  const marker = join(folder, '.complete');
  if (existsSync(marker)) return;
  const lock = `${folder}.lock`;
  mkdirSync(join(folder, '..'), { recursive: true });
  for (; !tryLock(lock); await sleep(250)) refuseWhenLate(engine);
  try {
    if (existsSync(marker)) return;
    refuseWhenLate(engine);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await fill(folder);
    writeFileSync(marker, `${new Date().toISOString()}\n`);
  } catch (error) {
    refuseWhenLate(engine);
    throw error;
  } finally {
    rmSync(lock, { force: true });
  }
}

function refuseWhenLate(engine) {
  if (timeLeftMs() <= 0)
    throw new EngineUnavailable(
      engine,
      'it was not built in the time there was (MYRIAD_ENGINES_UNTIL); what was built is kept',
    );
}

function tryLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    const isYoung = Date.now() - statSync(path).mtimeMs < 2000; // the holder may not have written its pid yet
    if (!isYoung && !isAlive(holder)) rmSync(path, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}

export function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A child that ended and was not yet reaped still answers signal 0. */
function isZombie(pid) {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Starts a process that outlives this one; its output goes to `log`, its pid to `<dir>/pid`.
 * @throws when the folder's process still runs, or someone else listens on the port.
 */
export async function startProcess({ dir, port, command, args, env = {} }) {
  const running = runningPid(dir);
  if (running) throw new Error(`${dir} has a running process already: ${running}`);
  if (!(await isFree(port))) throw new Error(`port ${port} is taken`);
  const log = openSync(join(dir, 'log'), 'a');
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  child.on('error', () => undefined); // seen by waitHealthy as a dead process
  child.unref();
  writeFileSync(join(dir, 'pid'), `${child.pid ?? 0} ${command}`);
  return child.pid ?? 0;
}

/** Polls until `isHealthy()`; a process that dies or stays silent is ended and its log is shown. */
export async function waitHealthy({ name, dir, pid, isHealthy, timeoutMs = 60_000 }) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline && isAlive(pid)) {
    if (await isHealthy()) return;
    await sleep(50);
  }
  const reason = isAlive(pid) ? `is not healthy after ${timeoutMs} ms` : 'ended while starting';
  await stopProcess(dir, 'SIGKILL');
  throw new Error(`${name} ${reason}; the end of its log:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-3000)}`);
}

/** Ends the process that `startProcess` started in `dir`, if it still runs: by `signal`, and by SIGKILL after 15 s. */
export async function stopProcess(dir, signal = 'SIGTERM') {
  const pid = runningPid(dir);
  if (pid) {
    process.kill(pid, signal);
    for (let waitedMs = 0; isAlive(pid) && waitedMs < 15_000; waitedMs += 25) await sleep(25);
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await sleep(25);
  }
  rmSync(join(dir, 'pid'), { force: true });
}

function runningPid(dir) {
  const file = join(dir, 'pid');
  if (!existsSync(file)) return undefined;
  const [text, command] = readFileSync(file, 'utf8').split(' ');
  const pid = Number(text);
  return isAlive(pid) && isSameProgram(pid, command) ? pid : undefined;
}

/** A pid file that outlived a reboot may name someone else's process. */
function isSameProgram(pid, command) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === command;
  } catch {
    return true; // no /proc on this system
  }
}

/** A port that nobody listens on just now. */
export async function freePort() {
  const server = await listen(0);
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isFree(port) {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
