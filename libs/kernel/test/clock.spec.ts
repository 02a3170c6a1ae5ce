import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock, systemClock, type Clock } from '../src/index.js';

describe.each([
  ['systemClock', (): Clock => systemClock],
  ['FakeClock', (): Clock => new FakeClock()],
])('%s.sleep', (_name, make) => {
  it('rejects with the reason when it is aborted before or meanwhile', async () => {
    const reason = new Error('stopped');
    await expect(make().sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = make().sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});

describe('systemClock', () => {
  it('sleeps at least as long as it is told', async () => {
    const start = performance.now();
    await systemClock.sleep(15);
    expect(performance.now() - start).toBeGreaterThanOrEqual(14);
  });
});

describe('FakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = new FakeClock(1_000);
    expect([clock.nowMs(), clock.nowMs()]).toEqual([1_000, 1_000]);
    clock.advance(5);
    expect(clock.nowMs()).toBe(1_005);
  });

  it('wakes each sleeper at its time, in order of time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 20 }),
        fc.nat({ max: 120 }),
        async (times, moved) => {
          const clock = new FakeClock();
          const woken: number[] = [];
          for (const ms of times)
            void clock.sleep(ms).then(() => {
              woken.push(ms);
            });
          clock.advance(moved);
          await new Promise((resolve) => setImmediate(resolve));
          expect(woken).toEqual(times.filter((ms) => ms <= moved).sort((a, b) => a - b));
        },
      ),
    );
  });

  it('does not wake a sleeper twice', async () => {
    const clock = new FakeClock();
    let wakes = 0;
    void clock.sleep(10).then(() => {
      wakes += 1;
    });
    clock.advance(10);
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
    expect(wakes).toBe(1);
  });
});
