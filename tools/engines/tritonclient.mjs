/** tritonclient, the client of Triton's makers, in a Python environment of its own; no server, but what a server is tested with. */
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeEnvironment } from '../bootstrap/python.mjs';
import { EngineUnavailable, cacheFolder, fillOnce } from './process.mjs';

const root = join(import.meta.dirname, '../..');
const LOCK = join(root, 'services/realtime/test/clients/requirements.lock');
const lock = readFileSync(LOCK, 'utf8');
const [, version] = /^tritonclient==(\S+)/m.exec(lock);
export const TRITONCLIENT_VERSION = version;

/** One folder a lock: an environment is never changed. */
const home = () =>
  cacheFolder('tritonclient', `${version}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);

/** Whether {@link fetchTritonclient} has nothing left to do. */
export const hasTritonclient = () => existsSync(join(home(), '.complete'));

/** Makes the environment. Returns its Python. @throws {EngineUnavailable} when the package index does not have what the lock names */
export async function fetchTritonclient() {
  const folder = home();
  try {
    await fillOnce(folder, (target) => makeEnvironment(root, target, LOCK), 'tritonclient');
  } catch (error) {
    if (error instanceof EngineUnavailable) throw error;
    throw new EngineUnavailable('tritonclient', `its packages can't be installed: ${error.message.slice(0, 500)}`);
  }
  return join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
}
