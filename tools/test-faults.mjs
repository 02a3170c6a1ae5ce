// npm run test:faults -- [--mode standalone|mesh] [--only NAMES] [--seed N]
// Every fault of docs/guides/failures.md at full length, on one mesh; the short ones are part of the other tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const MODES = ['standalone', 'mesh'];
const { values } = parseArgs({
  options: { mode: { type: 'string', default: 'standalone' }, only: { type: 'string' }, seed: { type: 'string' } },
});
if (!MODES.includes(values.mode)) {
  console.error(`--mode is ${MODES.join(' or ')}`);
  process.exit(2);
}
const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const child = spawn(process.execPath, [...jest, '--runInBand', 'system/faults', 'system/clocks'], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    MYRIAD_TEST_SYSTEM: '1',
    MYRIAD_FAULTS: 'full',
    ...(values.mode === 'mesh' && { MYRIAD_TEST_MESH: 'engines' }),
    ...(values.only && { MYRIAD_FAULTS_ONLY: values.only }),
    ...(values.seed && { MYRIAD_TEST_SEED: values.seed }),
  },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
