// npm run test:faults -- [--mode standalone|mesh] [--only NAMES] [--seed N]
// Every fault of docs/guides/failures.md at full length on one mesh, and the clocks; on Kafka and S3 also the journeys that `npm test` runs on PostgreSQL and
// files. NAMES are of faults, `clocks`, and of these journeys.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const MODES = ['standalone', 'mesh'];
/** Journeys with a mesh of their own; the first is a fault as well. */
const JOURNEYS = ['rolling-restart', 'crashes', 'disk-full', 'refusals'];
const NO_FAULTS = new Set(['clocks', ...JOURNEYS.slice(1)]);
const { values } = parseArgs({
  options: { mode: { type: 'string', default: 'standalone' }, only: { type: 'string' }, seed: { type: 'string' } },
});
if (!MODES.includes(values.mode)) {
  console.error(`--mode is ${MODES.join(' or ')}`);
  process.exit(2);
}
const isMesh = values.mode === 'mesh';
const only = values.only?.split(',');
const isWanted = (name) => only === undefined || only.includes(name);
const isFaultWanted = only === undefined || only.some((name) => !NO_FAULTS.has(name));
const specs = [...(isFaultWanted ? ['faults'] : []), ...['clocks', ...(isMesh ? JOURNEYS : [])].filter(isWanted)];
const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const child = spawn(process.execPath, [...jest, '--runInBand', ...specs.map((name) => `system/${name}.spec`)], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    MYRIAD_TEST_SYSTEM: '1',
    MYRIAD_FAULTS: 'full',
    ...(isMesh && { MYRIAD_TEST_MESH: 'engines' }),
    ...(values.only && { MYRIAD_FAULTS_ONLY: values.only }),
    ...(values.seed && { MYRIAD_TEST_SEED: values.seed }),
  },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
