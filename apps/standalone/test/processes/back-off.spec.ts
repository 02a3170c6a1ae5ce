import { describe, expect, it } from '@jest/globals';
import { BackOff } from '../../src/processes/back-off.js';

describe('BackOff', () => {
  it('waits 100 ms after the first end, doubles, and stays at ten seconds', () => {
    const backOff = new BackOff();
    const delays = Array.from({ length: 9 }, () => backOff.nextDelayMs(0));
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  it('begins anew after thirty healthy seconds, and not a millisecond before', () => {
    const backOff = new BackOff();
    backOff.nextDelayMs(0);
    expect(backOff.nextDelayMs(29_999)).toBe(200);
    expect(backOff.nextDelayMs(30_000)).toBe(100);
    expect(backOff.endsInARow).toBe(1);
  });
});
