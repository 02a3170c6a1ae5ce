import { describe, expect, it } from '@jest/globals';
import { ProblemError } from '@myriad/kernel';
import { waitOutOutage } from '../src/index.js';

const away = (code = 'persistence.database_unavailable'): ProblemError =>
  new ProblemError({ kind: 'unavailable', code, detail: 'away' });

/** Fails so many times, then answers how often it was tried. */
function flaky(failures: number, error: Error = away()): { readonly work: () => Promise<number>; tries: number } {
  const state = {
    tries: 0,
    work: () => {
      state.tries += 1;
      return state.tries > failures ? Promise.resolve(state.tries) : Promise.reject(error);
    },
  };
  return state;
}

describe('waitOutOutage', () => {
  it('does the work again until the database is back', async () => {
    expect(await waitOutOutage(flaky(3).work, { pauseMs: 1 })).toBe(4);
  });

  it('waits for nothing but the database', async () => {
    for (const error of [new Error('wrong'), away('storage.unavailable')]) {
      const { work } = flaky(1, error);
      await expect(waitOutOutage(work, { pauseMs: 1 })).rejects.toBe(error);
    }
  });

  it('gives up after its patience', async () => {
    const outage = flaky(Number.POSITIVE_INFINITY);
    await expect(waitOutOutage(outage.work, { patienceMs: 30, pauseMs: 5 })).rejects.toMatchObject({
      code: 'persistence.database_unavailable',
    });
    expect(outage.tries).toBeGreaterThan(1);
  });

  it('tries once more and no longer when the process ends', async () => {
    const stop = new AbortController();
    const outage = flaky(Number.POSITIVE_INFINITY);
    const waiting = waitOutOutage(outage.work, { signal: stop.signal, pauseMs: 60_000 });
    await new Promise(setImmediate);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'persistence.database_unavailable' });
    expect(outage.tries).toBe(2);
  });
});
