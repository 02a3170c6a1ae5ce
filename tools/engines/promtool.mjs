/** promtool, which reads Prometheus' configuration, rules and PromQL as Prometheus does; built from its Go module, of the version that docker-compose.yml runs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { engines } from '../manifests/mesh.mjs';
import { buildWithGo, isBuilt } from './go.mjs';
import { cacheFolder } from './process.mjs';

/** Release 3.N.M is version 0.3NN.M of the Go module. */
const [, minor, patch] = /:v3\.(\d+)\.(\d+)$/.exec(engines.prometheus);
export const PROMTOOL_VERSION = `v0.3${minor.padStart(2, '0')}.${patch}`;
const PACKAGE = 'github.com/prometheus/prometheus/cmd/promtool';
/** Without the clients of clouds that Prometheus finds targets by; ours are found by DNS. */
const TAGS = 'remove_all_sd,enable_dns_sd';

const home = () => cacheFolder('promtool', PROMTOOL_VERSION);

/** Whether {@link fetchPromtool} has nothing left to do. */
export const hasPromtool = () => isBuilt(home());

/** Builds the program. Returns the folder. @throws {EngineUnavailable} without Go. */
export function fetchPromtool() {
  const flags = ['-trimpath', `-tags=${TAGS}`, '-ldflags=-s -w'];
  return buildWithGo({
    engine: 'promtool',
    home: home(),
    args: () => ['install', ...flags, `${PACKAGE}@${PROMTOOL_VERSION}`],
  });
}

/** Runs it in `cwd`; answers with its exit status and all that it printed. @throws {EngineUnavailable} without Go. */
export async function promtool(args, { cwd } = {}) {
  const { status, stdout, stderr, error } = spawnSync(join(await fetchPromtool(), 'promtool'), args, {
    cwd,
    encoding: 'utf8',
  });
  if (error) throw error;
  return { status, output: `${stdout}${stderr}` };
}
