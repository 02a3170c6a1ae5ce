import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { z } from 'zod';
import { freePort } from '../../../tools/postgres/launch.mjs';
import { type ProcessIdentity, isAlive } from '../src/processes/process-identity.js';
import { readJsonFile } from '../src/state/json-file.js';
import { lockHolder } from '../src/state/state-lock.js';
import { FakeRoot } from './fake-root.js';

interface Outcome {
  readonly code: number;
  readonly text: string;
}

const recordsSchema = z.record(z.string(), z.object({ pid: z.number(), startedAt: z.string() }));

describe('up, status and down', () => {
  const root = new FakeRoot();
  let gatewayPort: number;
  let portBase: number;
  beforeAll(async () => {
    gatewayPort = await freePort();
    portBase = 20_000 + Math.floor(Math.random() * 9_000);
  });
  afterAll(() => root.remove());

  const run = (command: string, ...flags: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      const script = join(root.path, 'apps/standalone/dist', `${command}.js`);
      const args = [script, '--state', root.state, ...flags];
      execFile(process.execPath, args, { cwd: root.path }, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), text: stdout + stderr });
      });
    });
  const up = (): Promise<Outcome> => run('up', '--gateway-port', String(gatewayPort), '--port-base', String(portBase));
  const running = (): ProcessIdentity[] =>
    Object.values(recordsSchema.parse(readJsonFile(join(root.state, 'processes.json'))));

  it('status and down say so when nothing runs', async () => {
    expect(await run('status')).toEqual({ code: 1, text: 'Myriad is not running\n' });
    expect((await run('down')).text).toContain('Myriad is not running on');
  });

  it("up leaves the mesh running, and shows where to look and the administrator's key", async () => {
    const { code, text } = await up();
    expect(text).toContain('Myriad is up after');
    expect(text).toContain(`http://127.0.0.1:${gatewayPort}`);
    expect(text).toContain('myr_abcdefgh_secret');
    expect(code).toBe(0);
    expect((await fetch(`http://127.0.0.1:${gatewayPort}/readyz`)).status).toBe(200);
    const { text: table } = await run('status');
    expect(table).toMatch(/^process +state +pid/);
    expect(table).toMatch(new RegExp(`registry +ready.*http://127.0.0.1:${portBase + 11}`));
  }, 60_000);

  it('a second up on the same folder is refused with a clear word, and harms nothing', async () => {
    const before = running();
    const { code, text } = await up();
    expect(code).toBe(1);
    expect(text).toMatch(/Myriad did not start: Myriad is up already on .*npm run down/);
    expect(running()).toEqual(before);
    expect((await fetch(`http://127.0.0.1:${gatewayPort}/readyz`)).status).toBe(200);
  });

  it('down ends everything', async () => {
    const processes = running();
    expect(processes).toHaveLength(9);
    const { code, text } = await run('down');
    expect(text).toContain('Myriad is down after');
    expect(code).toBe(0);
    for (const identity of processes) expect(isAlive(identity)).toBe(false);
    expect(lockHolder(join(root.state, 'supervisor.lock'))).toBeUndefined();
  }, 60_000);

  it('a start over the same state shows no key again', async () => {
    const { code, text } = await up();
    expect(code).toBe(0);
    expect(text).not.toContain('myr_');
    expect(text).toMatch(/administrator's key +in .*admin\.key/);
  }, 60_000);

  it('after a kill -9 of the supervisor the services go on, and the next up ends them and starts anew', async () => {
    const orphans = running();
    process.kill(lockHolder(join(root.state, 'supervisor.lock'))?.pid ?? 0, 'SIGKILL');
    await eventually(() => {
      expect(lockHolder(join(root.state, 'supervisor.lock'))).toBeUndefined();
    });
    expect((await fetch(`http://127.0.0.1:${gatewayPort}/readyz`)).status).toBe(200);
    expect((await run('status')).text).toBe('Myriad is not running\n');
    expect((await up()).code).toBe(0);
    for (const identity of orphans) expect(isAlive(identity)).toBe(false);
    expect(readFileSync(join(root.state, 'logs/supervisor.log'), 'utf8')).toContain('left behind');
  }, 60_000);

  it('after a kill -9 of the supervisor, down ends what it left behind', async () => {
    const orphans = running();
    process.kill(lockHolder(join(root.state, 'supervisor.lock'))?.pid ?? 0, 'SIGKILL');
    await eventually(() => {
      expect(lockHolder(join(root.state, 'supervisor.lock'))).toBeUndefined();
    });
    expect((await run('down')).text).toMatch(/ended what it left behind: .*gateway/);
    for (const identity of orphans) expect(isAlive(identity)).toBe(false);
  }, 60_000);

  it('a taken port is said with a clear word', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(gatewayPort, '127.0.0.1', resolve));
    try {
      const { code, text } = await up();
      expect(code).toBe(1);
      expect(text).toContain(`port ${gatewayPort} of 127.0.0.1, meant for the gateway, is taken by another program`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('refuses wrong settings, all at once', async () => {
    const { code, text } = await run('up', '--gateway-port', 'http', '--port-base', '80');
    expect(code).toBe(78);
    expect(text).toMatch(/2 faults[^]*MYRIAD_GATEWAY_PORT[^]*MYRIAD_PORT_BASE/);
  });
});
