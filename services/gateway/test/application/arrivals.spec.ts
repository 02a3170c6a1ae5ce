import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import { Arrivals } from '../../src/application/arrivals.js';

/** Turns the clock on until the promise is settled. */
async function settle(clock: FakeClock, promise: Promise<void> | undefined): Promise<number> {
  const state = { isDone: false };
  void promise?.then(() => {
    state.isDone = true;
  });
  for (let steps = 0; steps < 1000; steps += 1) {
    if (state.isDone) return steps;
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it waits for ever');
}

describe('Arrivals', () => {
  it('ends when it is there', async () => {
    const clock = new FakeClock();
    let looks = 0;
    expect(
      await settle(
        clock,
        new Arrivals(clock).await('a', () => (looks += 1) === 3),
      ),
    ).toBe(3);
  });

  it('ends when the moment is over, and waits for it no second time until later', async () => {
    const clock = new FakeClock();
    const arrivals = new Arrivals(clock);
    const isThere = () => false;
    expect(await settle(clock, arrivals.await('a', isThere))).toBe(15);
    expect(arrivals.await('a', isThere)).toBeUndefined();
    expect(arrivals.await('b', isThere)).toBeDefined();
    clock.advance(10_000);
    expect(arrivals.await('a', isThere)).toBeDefined();
  });

  it('lets only so many wait at a time', async () => {
    const clock = new FakeClock();
    const arrivals = new Arrivals(clock);
    const waits = Array.from({ length: 70 }, (_, i) => arrivals.await(`k${i}`, () => false));
    expect(waits.filter((wait) => wait !== undefined)).toHaveLength(64);
    for (const wait of waits) if (wait !== undefined) await settle(clock, wait);
    expect(arrivals.await('again', () => false)).toBeDefined();
  });
});
