import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StandaloneConfig, standaloneConfig } from '../src/config.js';
import { REALTIME, SERVICES } from '../src/mesh/services.js';
import { down } from '../src/down.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAKE = fileURLToPath(new URL('./fixtures/fake-service.mjs', import.meta.url));
const NEEDED = ['contracts', 'libs/kernel', 'libs/config', 'libs/storage', 'libs/messaging', 'apps/standalone'];

/** A repository whose services are fakes and whose supervisor is the real one, compiled; with a state folder that a test may throw away. */
export class FakeRoot {
  readonly path = mkdtempSync(join(tmpdir(), 'myriad-root-'));
  readonly state = join(this.path, 'state');

  constructor() {
    execFileSync(process.execPath, [join(ROOT, 'tools/build.mjs'), ...NEEDED], { cwd: ROOT });
    for (const { name } of [...SERVICES, REALTIME]) {
      mkdirSync(join(this.path, 'services', name, 'dist'), { recursive: true });
      cpSync(FAKE, join(this.path, 'services', name, 'dist/main.js'));
      writeFileSync(join(this.path, 'services', name, 'package.json'), '{"type":"module"}');
    }
    mkdirSync(join(this.path, 'apps/standalone'), { recursive: true });
    for (const name of ['dist', 'package.json']) {
      cpSync(join(ROOT, 'apps/standalone', name), join(this.path, 'apps/standalone', name), { recursive: true });
    }
    for (const name of ['node_modules', 'tools']) symlinkSync(join(ROOT, name), join(this.path, name));
  }

  /** The configuration of a mesh here, on free ports. */
  config(): StandaloneConfig {
    const env = { PATH: dirname(process.execPath), MYRIAD_START_TIMEOUT_SECONDS: '60' };
    return standaloneConfig(['--state', this.state, '--gateway-port', '0', '--port-base', '0'], env);
  }

  /** Tells a fake service how to behave at its next start. */
  order(name: string, orders: { exitCode?: number; readyAfterMs?: number; ignoreSigterm?: boolean }): void {
    const scratch = join(this.state, 'scratch', name);
    mkdirSync(scratch, { recursive: true });
    writeFileSync(join(scratch, 'orders.json'), JSON.stringify(orders));
  }

  /** Ends whatever runs still and removes the folder. */
  async remove(): Promise<void> {
    await down(this.state);
    rmSync(this.path, { recursive: true, force: true });
  }
}
