import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { silentLogger, type RecordBatch } from '../src/index.js';
import { messagingProblem } from '../src/messaging-problem.js';
import { Commits } from '../src/nest/commits.js';

const PARTITION = { topic: 'myriad.test.things.v1', partition: 0, records: [] };
const fenced = (): Error => messagingProblem('conflict', 'fenced', 'the partition has moved');

function held(commit: RecordBatch['commit']): { readonly batch: RecordBatch; readonly lose: () => void } {
  const holding = new AbortController();
  return {
    batch: { ...PARTITION, signal: holding.signal, commit },
    lose: () => {
      holding.abort();
    },
  };
}

describe('What is told to the log of partitions that come and go', () => {
  it('is told of a record that ends after its partition was taken away', async () => {
    const told: bigint[] = [];
    const commits = new Commits(silentLogger);
    const { batch, lose } = held((offset) => Promise.resolve(void told.push(offset)));
    commits.note(batch, 1n);
    lose();
    await turn();
    commits.note(batch, 2n);
    await turn();
    expect(told).toEqual([1n, 2n]);
  });

  it.each([
    ['taken', () => Promise.resolve()],
    ['refused', () => Promise.reject(fenced())],
    ['not answered well', () => Promise.reject(new Error('the broker is away'))],
  ])('keeps nothing of partitions that are gone, when what ended late was %s', async (_how, commit) => {
    const commits = new Commits(silentLogger);
    for (let rebalance = 0; rebalance < 100; rebalance += 1) {
      const { batch, lose } = held(commit);
      commits.note(batch, 1n);
      lose();
      await turn();
      commits.note(batch, 2n);
      await turn();
    }
    expect(commits.size).toBe(0);
  });
});
