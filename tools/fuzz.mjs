// npm run fuzz -- [--minutes 10] [--seed 1]
// Sends the codecs of the inference protocol (JSON, bytes, gRPC) requests that are right and spoilt ones, for so long; prints what came of them. A fault names its seed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
for (const [name, value] of Object.entries(values)) {
  if (Number(value) > 0) continue;
  console.error(`--${name} is a number above 0, not ${value}`);
  process.exit(2);
}
const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const child = spawn(process.execPath, [...jest, '--runInBand', 'realtime/test/fuzz/'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, MYRIAD_FUZZ_MINUTES: values.minutes, MYRIAD_FUZZ_SEED: values.seed },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
