// npm run fuzz -- [--minutes 10] [--seed 1] [--only codec|interleaving|openapi]
// Each for so long: requests that are right and spoilt ones to the codecs of the inference protocol (JSON, bytes, gRPC); and requests, placements, loads and evictions in random order on a
// store and a disk that fail; and requests of all kinds to every operation of the published page. Prints what came of them. A fault names its seed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const SUITES = {
  codec: 'realtime/test/fuzz/',
  interleaving: 'realtime/test/interleaving/',
  openapi: 'realtime/test/openapi/',
};
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const { only, ...numbers } = values;
if (only !== undefined && !Object.hasOwn(SUITES, only)) {
  console.error(`--only is ${Object.keys(SUITES).join(' or ')}, not ${only}`);
  process.exit(2);
}
for (const [name, value] of Object.entries(numbers)) {
  if (Number(value) > 0) continue;
  console.error(`--${name} is a number above 0, not ${value}`);
  process.exit(2);
}
const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const suites = only === undefined ? Object.values(SUITES) : [SUITES[only]];
const child = spawn(process.execPath, [...jest, '--runInBand', ...suites], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, MYRIAD_FUZZ_MINUTES: values.minutes, MYRIAD_FUZZ_SEED: values.seed },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
