import { runMain } from '@myriad/config';
import { USAGE, standaloneConfig } from './config.js';
import { detach, follower } from './detach.js';
import { supervise } from './supervise.js';

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`npm run up -- [flags]   starts the mesh on this machine and leaves it running\n${USAGE}\n`);
    return;
  }
  const config = standaloneConfig(args);
  if (!config.isForeground) {
    process.exitCode = await detach(args, config);
    return;
  }
  const follow = follower(config);
  await supervise(args, (message) => {
    follow(message);
    return Promise.resolve();
  });
}

await runMain(main);
