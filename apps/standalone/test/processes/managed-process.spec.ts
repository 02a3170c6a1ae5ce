import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import type { Launched, ProcessExit } from '../../src/processes/launched.js';
import { ManagedProcess } from '../../src/processes/managed-process.js';
import { supervisorLog } from '../../src/state/supervisor-log.js';

/** A process that ends when the test says so, or at a signal it does not ignore. */
class FakeProcess implements Launched {
  readonly signals: string[] = [];
  readonly exited: Promise<ProcessExit>;
  end: (exit: ProcessExit) => void = () => undefined;

  constructor(
    readonly pid: number,
    private readonly ignored: readonly string[] = [],
  ) {
    this.exited = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.signals.push(signal);
    if (!this.ignored.includes(signal)) this.end({ code: null, signal });
  }
}

/** Lets everything run that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ManagedProcess', () => {
  let clock: FakeClock;
  let launched: FakeProcess[];
  let ignored: string[];
  let lines: { msg: string; delayMs?: number }[];
  let records: (number | undefined)[];
  let managed: ManagedProcess;

  beforeEach(() => {
    clock = new FakeClock();
    [launched, ignored, lines, records] = [[], [], [], []];
    managed = new ManagedProcess(
      {
        name: 'auth',
        graceMs: 10_000,
        isReady: () => Promise.resolve(true),
        launch: () => {
          launched.push(new FakeProcess(100 + launched.length, ignored));
          return Promise.resolve(launched.at(-1) as FakeProcess);
        },
      },
      {
        clock,
        log: supervisorLog((line) => lines.push(JSON.parse(line) as { msg: string })),
        record: (_, pid) => records.push(pid),
      },
    );
  });

  const crash = async (code = 1): Promise<void> => {
    launched.at(-1)?.end({ code, signal: null });
    await settle();
  };

  it('starts a crashed process again, later each time, and writes every start and end down', async () => {
    managed.start();
    await settle();
    expect(managed.status()).toMatchObject({ state: 'ready', pid: 100, restarts: 0 });
    for (const delayMs of [100, 200, 400]) {
      await crash();
      expect(managed.status().state).toBe('waiting');
      clock.advance(delayMs - 1);
      await settle();
      expect(managed.status().state).toBe('waiting');
      clock.advance(1);
      await settle();
      expect(managed.status().state).toBe('ready');
    }
    expect(managed.status()).toMatchObject({ pid: 103, restarts: 3, lastExit: { code: 1, signal: null } });
    expect(records).toEqual([100, undefined, 101, undefined, 102, undefined, 103]);
    expect(lines.filter(({ msg }) => msg === 'starts again').map(({ delayMs }) => delayMs)).toEqual([100, 200, 400]);
    await managed.stop();
  });

  it('forgets earlier crashes after thirty healthy seconds', async () => {
    managed.start();
    await settle();
    await crash();
    clock.advance(100);
    await settle();
    clock.advance(30_000);
    await crash();
    expect(lines.filter(({ msg }) => msg === 'starts again').map(({ delayMs }) => delayMs)).toEqual([100, 100]);
    await managed.stop();
  });

  it('does not start a process again whose configuration is wrong', async () => {
    managed.start();
    await settle();
    await crash(78);
    clock.advance(60_000);
    await settle();
    expect(managed.status()).toMatchObject({ state: 'failed', restarts: 0 });
    expect(launched).toHaveLength(1);
  });

  it('asks a process to end and kills it when its grace is over', async () => {
    ignored = ['SIGTERM'];
    managed.start();
    await settle();
    const stopped = managed.stop();
    clock.advance(9_999);
    await settle();
    expect(launched[0]?.signals).toEqual(['SIGTERM']);
    clock.advance(1);
    await stopped;
    expect(launched[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(managed.status().state).toBe('stopped');
  });

  it('restarts at once when told to, and waits for nothing', async () => {
    managed.start();
    await settle();
    await crash();
    clock.advance(100);
    await settle();
    await managed.restart();
    await settle();
    expect(managed.status()).toMatchObject({ state: 'ready', pid: 102 });
    await managed.stop();
  });

  it('stops while it waits to start again', async () => {
    managed.start();
    await settle();
    await crash();
    await managed.stop();
    clock.advance(60_000);
    await settle();
    expect(launched).toHaveLength(1);
  });

  it('goes on after a start that was not possible', async () => {
    let attempts = 0;
    const failing = new ManagedProcess(
      {
        name: 'auth',
        graceMs: 1_000,
        isReady: () => Promise.resolve(true),
        launch: () => {
          attempts += 1;
          return attempts === 1 ? Promise.reject(new Error('no memory')) : Promise.resolve(new FakeProcess(1));
        },
      },
      { clock, log: supervisorLog(() => undefined), record: () => undefined },
    );
    failing.start();
    await settle();
    clock.advance(100);
    await settle();
    expect(failing.status().state).toBe('ready');
    await failing.stop();
  });
});
