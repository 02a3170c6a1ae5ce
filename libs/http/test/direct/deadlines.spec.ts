import { describe, expect, it } from '@jest/globals';
import { Deadlines } from '../../src/direct/deadlines.js';

describe('Deadlines', () => {
  it('tells what is late, once, and nothing of what was done in time', async () => {
    const deadlines = new Deadlines(20);
    const late: string[] = [];
    const told = new Promise<void>((resolve) => {
      const start = performance.now();
      const done = deadlines.add(start, () => late.push('done'));
      deadlines.add(start, () => late.push('first'));
      deadlines.add(start, () => {
        late.push('second');
        resolve();
      });
      deadlines.remove(done);
    });
    // its own timer keeps no process alive
    const awake = setInterval(() => undefined, 1_000);
    await told;
    clearInterval(awake);
    expect(late).toEqual(['first', 'second']);
    deadlines.close();
  });
});
