import { readFileSync } from 'node:fs';
import { runMain } from '@myriad/config';
import { z } from 'zod';
import { USAGE, standaloneConfig } from './config.js';
import { down } from './down.js';
import { readJsonFile } from './state/json-file.js';
import { Secrets } from './state/secrets.js';
import { StateFolder } from './state/state-folder.js';
import { lockHolder } from './state/state-lock.js';
import { status } from './status.js';
import { up } from './up.js';

const VERBS = ['--down', '--status', '--rolling-restart', '--help', '-h'] as const;
const HELP = `npm run mesh -- [--down | --status | --rolling-restart] [flags]
  starts the mesh as in production on this machine: Kafka, S3, PostgreSQL, several replicas of most services
  --down                ends it; its state stays
  --status              its processes, their memory and addresses
  --rolling-restart     restarts every process of every service in turn
${USAGE}
`;

const addressesSchema = z.object({ controlUrl: z.string() });
const restartedSchema = z.object({
  restarted: z.array(z.object({ name: z.string(), endedMs: z.number(), readyMs: z.number() })),
});

/** Asks the supervisor for a rolling restart and shows what it did. @throws when it did not come to its end. */
async function rollingRestart(stateFolder: string): Promise<string> {
  const state = new StateFolder(stateFolder);
  const addresses = addressesSchema.safeParse(readJsonFile(state.addresses));
  if (!lockHolder(state.lock) || !addresses.success) throw new Error(`Myriad is not running on ${state.path}`);
  const token = readFileSync(new Secrets(state).controlTokenFile, 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${addresses.data.controlUrl}/rolling-restart`, { method: 'POST', headers });
  if (!answer.ok) throw new Error(await answer.text());
  const { restarted } = restartedSchema.parse(await answer.json());
  const lines = restarted.map(
    ({ name, endedMs, readyMs }) =>
      `  ${name.padEnd(44)} ended after ${seconds(endedMs)} s, ready ${seconds(readyMs)} s later`,
  );
  return `restarted ${restarted.length} processes\n${lines.join('\n')}`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

await runMain(async () => {
  const args = process.argv.slice(2);
  const verb = VERBS.find((name) => args.includes(name));
  const rest = ['--mesh', ...args.filter((arg) => arg !== verb && arg !== '--mesh')];
  const { stateFolder } = standaloneConfig(rest);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  switch (verb) {
    case '--help':
    case '-h':
      process.stdout.write(HELP);
      return;
    case '--down':
      say(await down(stateFolder));
      return;
    case '--rolling-restart':
      say(await rollingRestart(stateFolder));
      return;
    case '--status': {
      const text = await status(stateFolder);
      say(text ?? 'Myriad is not running');
      process.exitCode = text === undefined ? 1 : 0;
      return;
    }
    default:
      process.exitCode = await up(rest);
  }
});
