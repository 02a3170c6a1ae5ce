import { describe, expect, it } from '@jest/globals';
import { WorkLane } from '../src/index.js';

describe('WorkLane', () => {
  it('tells the round in hand that the lane is stopped, and why, and starts no other', async () => {
    const reasons: unknown[] = [];
    const lane = new WorkLane(
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            resolve(true);
          });
        }),
      (error) => reasons.push(error),
    );
    lane.wake();
    await lane.stop('the process ends');
    lane.wake();
    await lane.stop();
    expect(reasons).toEqual(['the process ends']);
  });
});
