import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runMain } from '@myriad/config';
import { z } from 'zod';
import { type StandaloneConfig, commandOf, standaloneConfig } from './config.js';
import { detach } from './detach.js';
import { down } from './down.js';
import { ROOT } from './root.js';
import { readJsonFile } from './state/json-file.js';
import { Secrets } from './state/secrets.js';
import { StateFolder } from './state/state-folder.js';
import { lockHolder } from './state/state-lock.js';

const STORY = 'sdk/python/examples/flights/quickstart.py';
const addressesSchema = z.object({ gatewayUrl: z.string() });

/** The main job: starts the mesh unless it runs, and tells the story of the flights against its public entrance. */
async function quickstart(args: readonly string[], config: StandaloneConfig): Promise<number> {
  const state = new StateFolder(config.stateFolder);
  if (!lockHolder(state.lock)) {
    const code = await detach(args, config);
    if (code !== 0) return code;
  }
  const addresses = addressesSchema.safeParse(readJsonFile(state.addresses));
  if (!addresses.success) {
    process.stderr.write(`Myriad is starting or stopping on ${state.path}; try again in a moment\n`);
    return 1;
  }
  const { gatewayUrl } = addresses.data;
  const { adminKeyFile } = new Secrets(state);
  const ending = ['--down', commandOf(config, 'down')];
  return tell(['--url', gatewayUrl, '--key-file', adminKeyFile, '--state', join(state.path, 'quickstart'), ...ending]);
}

/** Runs the story in the Python environment; it shows its progress itself. */
function tell(args: readonly string[]): Promise<number> {
  const child = spawn(join(ROOT, '.venv/bin/python'), [join(ROOT, STORY), ...args], { cwd: ROOT, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

await runMain(async () => {
  const args = process.argv.slice(2);
  const rest = args.filter((arg) => arg !== '--down');
  const config = standaloneConfig(rest);
  if (rest.length < args.length) process.stdout.write(`${await down(config.stateFolder)}\n`);
  else process.exitCode = await quickstart(rest, config);
});
