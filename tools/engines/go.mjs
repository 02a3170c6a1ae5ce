/** Engines that are built from Go modules; Go checks them against its checksum database. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailable, build, fillOnce, firstLine } from './process.mjs';

/** Whether `home` holds a whole build. */
export const isBuilt = (home) => existsSync(join(home, '.complete'));

/**
 * Fills `home`, unless it is full, by `go <args of the folder to fill>` in `cwd`. Returns the folder.
 * @throws {EngineUnavailable} of `engine` without Go, or when there is no time to build it
 */
export async function buildWithGo({ engine, home, args, cwd, env = {} }) {
  if (isBuilt(home)) return home;
  if (firstLine('go', ['version']) === undefined)
    throw new EngineUnavailable(engine, 'go is needed to build it; found none');
  const variables = (folder) => ({ ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOBIN: folder, ...env });
  await fillOnce(home, (folder) => build('go', args(folder), { cwd, env: variables(folder) }), engine);
  return home;
}
