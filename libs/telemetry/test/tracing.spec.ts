import { describe, expect, it } from '@jest/globals';
import { currentTraceparent, isTraceparent, newTraceparent, runWithTraceparent, withSpan } from '../src/index.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('traceparent', () => {
  it('is carried along promises and callbacks, and ends with the function', async () => {
    const seen = await runWithTraceparent(TRACEPARENT, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentTraceparent();
    });
    expect(seen).toBe(TRACEPARENT);
    expect(currentTraceparent()).toBeUndefined();
  });

  it('keeps concurrent callers apart', async () => {
    const traces = Array.from({ length: 20 }, () => newTraceparent());
    const seen = await Promise.all(
      traces.map((traceparent) =>
        runWithTraceparent(traceparent, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return currentTraceparent();
        }),
      ),
    );
    expect(seen).toEqual(traces);
  });

  it.each([
    '',
    'garbage',
    `ff-${TRACE_ID}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    TRACEPARENT.toUpperCase(),
  ])('ignores %p', (text) => {
    expect(isTraceparent(text)).toBe(false);
    expect(runWithTraceparent(text, currentTraceparent)).toBeUndefined();
  });

  it('is passed on by spans when nothing is exported', async () => {
    const seen = await runWithTraceparent(TRACEPARENT, () => withSpan('work', {}, currentTraceparent));
    expect(seen).toBe(TRACEPARENT);
  });
});

describe('withSpan', () => {
  it('gives the value and throws the error on', async () => {
    expect(await withSpan('work', {}, () => 7)).toBe(7);
    await expect(withSpan('work', {}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
