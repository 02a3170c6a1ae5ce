import { describe, expect, it } from '@jest/globals';
import { atMost } from '../src/index.js';

const never = new Promise<never>(() => undefined);

describe('atMost', () => {
  it('says whether what it waited for has settled, either way', async () => {
    expect(await atMost(1_000, Promise.resolve('done'))).toBe(true);
    expect(await atMost(1_000, Promise.reject(new Error('failed')))).toBe(true);
    expect(await atMost(1_000, undefined)).toBe(true);
  });

  it('waits no longer than it may', async () => {
    const fromMs = performance.now();
    expect(await atMost(30, never)).toBe(false);
    expect(performance.now() - fromMs).toBeLessThan(1_000);
  });
});
