import fc from 'fast-check';
import { describe, expect, it, test } from '@jest/globals';
import {
  type FleetRunStatus,
  type RunCounts,
  type RunStatus,
  fleetStatusOf,
  jobLifecycle,
  packed,
  runLifecycle,
} from '../../src/domain/job.js';

function countsOf(parts: Partial<Record<RunStatus, number>>): RunCounts {
  const counts = { queued: 0, running: 0, succeeded: 0, inconclusive: 0, failed: 0, cancelled: 0, ...parts };
  return { ...counts, total: Object.values(counts).reduce((sum, count) => sum + count, 0) };
}

describe('packed', () => {
  it('keeps every member once and in order, in jobs of at most the size, as few and as even as can be', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 500 }), fc.integer({ min: 1, max: 100 }), (members, size) => {
        const jobs = packed(members, size);
        expect(jobs.flat()).toEqual(members);
        expect(jobs).toHaveLength(Math.ceil(members.length / size));
        const sizes = jobs.map(({ length }) => length);
        if (sizes.length > 0) {
          expect(Math.max(...sizes)).toBeLessThanOrEqual(size);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('fleetStatusOf', () => {
  const count = fc.nat({ max: 5 });
  const anyCounts = fc
    .record({ queued: count, running: count, succeeded: count, inconclusive: count, failed: count, cancelled: count })
    .map(countsOf)
    .filter(({ total }) => total > 0);
  const open = fc.constantFrom<FleetRunStatus>('queued', 'running');

  it('has ended exactly when no run is open', () => {
    fc.assert(
      fc.property(anyCounts, open, (counts, current) => {
        const status = fleetStatusOf(current, counts);
        expect(status === 'completed' || status === 'failed').toBe(counts.queued + counts.running === 0);
      }),
    );
  });

  it('stays cancelled whatever its runs do', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        expect(fleetStatusOf('cancelled', counts)).toBe('cancelled');
      }),
    );
  });

  test.each<[string, FleetRunStatus, Partial<Record<RunStatus, number>>, FleetRunStatus]>([
    ['waits while nothing has begun', 'queued', { queued: 3 }, 'queued'],
    ['runs as soon as one runs', 'queued', { queued: 2, running: 1 }, 'running'],
    ['goes on running between two attempts', 'running', { queued: 3 }, 'running'],
    ['completes with one that is inconclusive', 'running', { inconclusive: 1, failed: 2 }, 'completed'],
    ['fails when all failed', 'running', { failed: 3 }, 'failed'],
    ['fails when what did not fail was cancelled', 'running', { failed: 1, cancelled: 2 }, 'failed'],
  ])('%s', (_name, current, counts, expected) => {
    expect(fleetStatusOf(current, countsOf(counts))).toBe(expected);
  });
});

describe('lifecycles', () => {
  it('lead to an end from wherever they are, and nowhere from there', () => {
    for (const [lifecycle, states] of [
      [jobLifecycle, ['queued', 'running', 'succeeded', 'failed', 'cancelled']],
      [runLifecycle, ['queued', 'running', 'succeeded', 'inconclusive', 'failed', 'cancelled']],
    ] as const) {
      for (const from of states) {
        const next = states.filter((to) => (lifecycle as { can(from: string, to: string): boolean }).can(from, to));
        const isFinal = (lifecycle as { isFinal(state: string): boolean }).isFinal(from);
        expect(isFinal).toBe(from !== 'queued' && from !== 'running');
        expect(next.length === 0).toBe(isFinal);
        if (!isFinal) expect(next).toContain('failed');
      }
    }
  });
});
