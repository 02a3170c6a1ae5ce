import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readJsonFile } from '../src/state/json-file.js';
import { supervisorLog } from '../src/state/supervisor-log.js';
import { Supervisor } from '../src/supervisor.js';
import { FakeRoot } from './fake-root.js';

describe('a start that fails', () => {
  const root = new FakeRoot();
  // The first start makes the database cluster; those that follow have only what the test is about.
  beforeAll(async () => {
    const supervisor = new Supervisor({ root: root.path, config: root.config(), log: supervisorLog(() => undefined) });
    await supervisor.start();
    await supervisor.stop();
  }, 60_000);
  afterEach(() => {
    for (const name of ['registry', 'batch', 'deployer']) root.order(name, {});
  });
  afterAll(() => root.remove());

  const start = (startTimeoutMs = 20_000): Promise<unknown> =>
    new Supervisor({
      root: root.path,
      config: { ...root.config(), startTimeoutMs },
      log: supervisorLog(() => undefined),
    }).start();

  it('names the service that ends again and again, with the end of its log, and leaves nothing running', async () => {
    root.order('registry', { exitCode: 1 });
    await expect(start()).rejects.toThrow(/registry does not start[^]*ordered to fail/);
    expect(readJsonFile(`${root.state}/processes.json`)).toEqual({});
  });

  it('gives up at once when a service says that its configuration is wrong', async () => {
    root.order('batch', { exitCode: 78 });
    await expect(start()).rejects.toThrow(/batch does not start/);
  });

  it('names what is not ready in time', async () => {
    root.order('deployer', { readyAfterMs: 60_000 });
    await expect(start(6_000)).rejects.toThrow(/not ready after 6 s: deployer/);
    expect(readJsonFile(`${root.state}/processes.json`)).toEqual({});
  });

  it('can be stopped while it is under way', async () => {
    root.order('deployer', { readyAfterMs: 60_000 });
    const supervisor = new Supervisor({ root: root.path, config: root.config(), log: supervisorLog(() => undefined) });
    const starting = supervisor.start().catch((error: unknown) => (error as Error).message);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await supervisor.stop();
    expect(await starting).toBe('stopped while starting');
    expect(readJsonFile(`${root.state}/processes.json`)).toEqual({});
  });
});
