import { describe, expect, test } from '@jest/globals';
import { FakeClock, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { FairLine, type FairLineOptions } from '../../src/application/fair-line.js';
import { LineModel } from '../../src/application/line-model.js';
import type { DetachedCall, DetachedRun } from '../../src/application/model-loader.port.js';

/** A server that ends its runs when the test says so; a run takes 1,000 µs a request. */
function setUp(options: Partial<FairLineOptions> = {}, isBatched = false) {
  const clock = new FakeClock();
  const line = new FairLine({ parallel: 1, waitingPerTenant: 100, maxWaitMs: 1_000, clock, ...options });
  const runs: string[][] = [];
  const signals: AbortSignal[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const newModel = (micros = 1_000): LineModel =>
    new LineModel({
      isBatched,
      microsPerRow: 1_000,
      run: (calls, signal) =>
        new Promise((resolve, reject) => {
          runs.push(calls.map((call) => call.tenantId));
          signals.push(signal);
          ends.push((error) => {
            if (error !== undefined) reject(error);
            else resolve({ results: calls.map(({ inputs }) => inputs), micros: micros * calls.length ** 0.5 });
          });
        }),
    });
  const model = newModel();
  const ask = (tenant: string, more: Partial<DetachedCall> = {}, of = model): Promise<DetachedRun> => {
    const inputs = { x: { datatype: 'FP32' as const, shape: [1, 1], data: Float32Array.of(runs.length) } };
    return line.ask(of, { tenantId: tenantId(tenant), inputs, rows: 1, ...more });
  };
  const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
  const endAll = async (): Promise<void> => {
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end();
      await tick();
    }
  };
  return { line, clock, runs, signals, ends, model, newModel, ask, tick, endAll };
}

describe('FairLine', () => {
  test('runs no more at a time than it may, and tenants take turns', async () => {
    const { ask, runs, endAll } = setUp({ parallel: 2 });
    const answers = [...Array<string>(20).fill('flood'), ...Array<string>(4).fill('calm')].map((tenant) => ask(tenant));
    expect(runs).toEqual([['flood'], ['flood']]);
    await endAll();
    await Promise.all(answers);
    const calm = runs.flatMap(([tenant], at) => (tenant === 'calm' ? [at] : []));
    expect(calm.at(-1)).toBeLessThanOrEqual(12);
  });

  test('equal tenants get equal time, though the runs of one take ten times as long', async () => {
    const { newModel, ask, runs, ends, tick } = setUp();
    const [slow, fast] = [newModel(10_000), newModel(1_000)];
    for (let i = 0; i < 60; i += 1) {
      void ask('slow', {}, slow);
      void ask('fast', {}, fast);
    }
    for (let i = 0; i < 55; i += 1) {
      ends.shift()?.();
      await tick();
    }
    const slowRuns = runs.filter(([tenant]) => tenant === 'slow').length;
    expect(runs.length / slowRuns).toBeGreaterThan(6);
  });

  test('what waits for one model runs together, each with its own answer; other shapes do not', async () => {
    const { ask, runs, endAll } = setUp({}, true);
    const of = (value: number, width = 1): Partial<DetachedCall> => ({
      inputs: { x: { datatype: 'FP32', shape: [1, width], data: new Float32Array(width).fill(value) } },
    });
    const answers = Array.from({ length: 64 }, (_none, at) => ask('aa', of(at)));
    const wide = ask('aa', of(99, 2));
    await endAll();
    for (const [at, answer] of answers.entries()) expect((await answer).outputs['x']?.data[0]).toBe(at);
    expect((await wide).outputs['x']?.shape).toEqual([1, 2]);
    expect(runs.length).toBeLessThan(20);
    expect(Math.max(...runs.map((run) => run.length))).toBeGreaterThan(8);
    expect(runs.flat()).toHaveLength(65);
  });

  test('what is too late is answered at once and not run; of a run that nobody waits for the server hears', async () => {
    const { ask, clock, runs, signals, line, endAll } = setUp();
    const late = clock.nowMs() + 50;
    const first = ask('aa', { deadlineMs: late });
    const second = ask('aa', { deadlineMs: late });
    let hasLeft = false;
    const third = ask('bb', { isGone: () => hasLeft });
    const refusals = Promise.all([
      expect(first).rejects.toMatchObject({ code: 'realtime.deadline_exceeded' }),
      expect(second).rejects.toMatchObject({ code: 'realtime.deadline_exceeded' }),
      expect(third).rejects.toMatchObject({ code: 'realtime.client_gone' }),
    ]);
    clock.advance(60);
    hasLeft = true;
    await refusals;
    expect(signals[0]?.aborted).toBe(true);
    await endAll();
    expect(runs).toEqual([['aa']]);
    expect(line.state).toMatchObject({ waiting: 0, running: 0, expired: 2, left: 1 });
    await expect(ask('aa', { deadlineMs: late })).rejects.toMatchObject({ code: 'realtime.deadline_exceeded' });
  });

  test('a tenant with too many or too much waiting is refused, another is not', async () => {
    const { ask, line, endAll } = setUp({ waitingPerTenant: 8, maxWaitMs: 5 });
    const answers = Array.from({ length: 7 }, () => ask('aa'));
    await expect(ask('aa')).rejects.toMatchObject({ code: 'realtime.overloaded', kind: 'unavailable' });
    answers.push(ask('bb'));
    expect(line.state.refused).toBe(1);
    await endAll();
    await Promise.all(answers);
    const few = setUp({ waitingPerTenant: 2 });
    const waiting = Array.from({ length: 3 }, () => few.ask('aa'));
    await expect(few.ask('aa')).rejects.toMatchObject({ code: 'realtime.tenant_busy', kind: 'rate-limited' });
    await few.endAll();
    await Promise.all(waiting);
  });

  test('a run that fails fails its requests, and the next one runs', async () => {
    const { ask, ends, endAll, line } = setUp();
    const [first, second] = [ask('aa'), ask('aa')];
    ends.shift()?.(new Error('lost'));
    await expect(first).rejects.toThrow('lost');
    await endAll();
    expect(await second).toMatchObject({ inferMicros: 1_000 });
    await eventually(() => {
      expect(line.backlogMicros).toBe(0);
    });
  });
});
