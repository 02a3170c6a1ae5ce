/** Python clients of the inference protocol and of tracking, each in an environment of its own (they need other versions of the same packages); no servers, but what a server is tested with. */
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeEnvironment } from '../bootstrap/python.mjs';
import { EngineUnavailable, cacheFolder, fillOnce } from './process.mjs';

const root = join(import.meta.dirname, '../..');
/** The services that are tested with them; each has the locks of its clients in `test/clients`. */
const SERVICES = { realtime: ['tritonclient', 'kserve', 'mlserver'], training: ['mlflow'] };

/** A client by the name of its package and of its lock. */
function clientOf(service, name) {
  const path = join(root, 'services', service, 'test/clients', `${name}.lock`);
  const lock = readFileSync(path, 'utf8');
  const [, version] = new RegExp(`^${name}==(\\S+)`, 'm').exec(lock);
  /** One folder a lock: an environment is never changed. */
  const home = () => cacheFolder(name, `${version}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  return {
    project: service,
    version,
    /** Whether `fetch` has nothing left to do. */
    isThere: () => existsSync(join(home(), '.complete')),
    /** Makes the environment. Returns its Python. @throws {EngineUnavailable} when the package index does not have what the lock names */
    async fetch() {
      const folder = home();
      try {
        await fillOnce(folder, (target) => makeEnvironment(root, target, path), name);
      } catch (error) {
        if (error instanceof EngineUnavailable) throw error;
        throw new EngineUnavailable(name, `its packages can't be installed: ${error.message.slice(0, 500)}`);
      }
      return join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
    },
  };
}

/** Triton's, KServe's, MLServer's and MLflow's. */
export const PYTHON_CLIENTS = Object.fromEntries(
  Object.entries(SERVICES).flatMap(([service, names]) => names.map((name) => [name, clientOf(service, name)])),
);
