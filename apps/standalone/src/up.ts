import { runMain } from '@myriad/config';
import { USAGE, standaloneConfig } from './config.js';
import { detach, follower } from './detach.js';
import { supervise } from './supervise.js';

/** Starts the mesh of these flags; resolves with the exit code when it is up, or has ended when it stays in the terminal. */
export async function up(args: readonly string[]): Promise<number> {
  const config = standaloneConfig(args);
  if (!config.isForeground) return detach(args, config);
  const follow = follower(config);
  await supervise(args, (message) => {
    follow(message);
    return Promise.resolve();
  });
  return 0;
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async () => {
    const args = process.argv.slice(2);
    if (args.includes('--help') || args.includes('-h'))
      process.stdout.write(`npm run up -- [flags]   starts the mesh on this machine and leaves it running\n${USAGE}\n`);
    else process.exitCode = await up(args);
  });
}
