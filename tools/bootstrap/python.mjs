import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './progress.mjs';

const UV_VERSION = '0.13.9';
const OLDEST_MINOR = 10;
const STAMP = '.venv/.myriad-digest';
const CANDIDATES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
/** uv does not read pip's configuration, so what it says of sources is handed on. */
const FROM_PIP = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  proxy: 'ALL_PROXY',
  'default-timeout': 'UV_HTTP_TIMEOUT',
};

const inVenv = (root, name) =>
  process.platform === 'win32' ? join(root, '.venv/Scripts', `${name}.exe`) : join(root, '.venv/bin', name);

/** Makes `.venv` with what `sdk/python/requirements.lock` names, the SDK itself and the `myriad` command, when any of it changed. */
export async function pythonEnvironment(root, progress) {
  const sdk = join(root, 'sdk/python');
  if (!existsSync(join(sdk, 'requirements.lock'))) throw new Error('sdk/python/requirements.lock is missing');
  const hash = createHash('sha256').update(UV_VERSION);
  for (const name of ['requirements.lock', 'pyproject.toml']) hash.update(readFileSync(join(sdk, name)));
  const digest = hash.digest('hex');
  const stamp = join(root, STAMP);
  if (existsSync(inVenv(root, 'python')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const python = await findPython();
  await progress.step('Python environment', () => install(root, sdk, python));
  writeFileSync(stamp, digest);
}

async function findPython() {
  const found = [];
  for (const name of process.env.MYRIAD_BOOTSTRAP_PYTHON ? [process.env.MYRIAD_BOOTSTRAP_PYTHON] : CANDIDATES) {
    const version = await runProgram(name, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']).catch(() => '');
    const [major, minor] = version.trim().split('.').map(Number);
    if (major === 3 && minor >= OLDEST_MINOR) return name;
    if (version) found.push(`${name} is ${version.trim()}`);
  }
  const seen = found.length > 0 ? found.join(', ') : 'found none';
  throw new Error(`Myriad needs Python 3.${OLDEST_MINOR} or newer: ${seen} (MYRIAD_BOOTSTRAP_PYTHON may name one)`);
}

async function install(root, sdk, python) {
  const run = await environmentOf(root, join(root, '.venv'), { python, lock: join(sdk, 'requirements.lock') });
  await run('pip', 'install', '--no-deps', '-e', sdk);
}

/** Makes a Python environment in `folder` of what a lock file names, by its digests. @throws when there is no Python, or no such package */
export async function makeEnvironment(root, folder, lock) {
  await environmentOf(root, folder, { python: await findPython(), lock });
}

/** Makes a Python environment in `folder` of packages by their names and versions, with the newest of what those need. `python` is the interpreter, default as for the SDK. */
export async function makeEnvironmentWith(root, folder, packages, python) {
  const run = await environmentOf(root, folder, { python: python ?? (await findPython()) });
  await run('pip', 'install', ...packages);
}

/** Answers with what runs uv on the environment. */
async function environmentOf(root, folder, { python, lock }) {
  const [uv, sources] = await Promise.all([pinnedUv(root, python), pipSources(python)]);
  const env = {
    ...process.env,
    ...sources,
    VIRTUAL_ENV: folder,
    UV_NO_PROGRESS: '1',
    UV_PYTHON_DOWNLOADS: 'never',
  };
  const run = (...args) => runProgram(uv, [...args, '--no-config'], { cwd: root, env });
  await run('venv', '--clear', '--python', python, folder);
  if (lock !== undefined) await run('pip', 'sync', lock);
  return run;
}

/** uv makes the environment in a fifth of pip's time; pip brings uv itself. */
async function pinnedUv(root, python) {
  const folder = join(root, '.cache', `uv-${UV_VERSION}`);
  const uv = join(folder, 'bin', process.platform === 'win32' ? 'uv.exe' : 'uv');
  if (!existsSync(uv)) {
    const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--upgrade', '--target', folder];
    await runProgram(python, ['-m', 'pip', 'install', ...flags, `uv==${UV_VERSION}`]);
  }
  return uv;
}

/** What pip's files and variables say of where packages come from, as uv's variables. */
async function pipSources(python) {
  const lines = (await runProgram(python, ['-m', 'pip', 'config', 'list'])).split('\n');
  const settings = {};
  // Later lines win in pip's own order: files first, then the environment, which `pip config list` prints first.
  for (const line of lines.reverse()) {
    const [, name, value] = /^[^=]*\.([a-z-]+)='(.*)'$/.exec(line.trim()) ?? [];
    if (name && FROM_PIP[name]) settings[FROM_PIP[name]] = value.replaceAll('\\n', ' ').trim();
  }
  for (const variable of Object.keys(settings)) if (process.env[variable]) delete settings[variable];
  return settings;
}
