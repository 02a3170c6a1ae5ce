import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DeficitRoundRobin } from '../src/index.js';

interface Job {
  readonly tenantId: string;
  readonly cost: number;
  readonly at: number;
}

const job = (tenantId: string, cost: number, at = 0): Job => ({ tenantId, cost, at });
const tenant = fc.constantFrom('a', 'b', 'c');

describe('DeficitRoundRobin', () => {
  it('gives out all that was put in once, of each tenant in the order of arrival', () => {
    const step = fc.oneof(fc.record({ tenantId: tenant, cost: fc.nat(500) }), fc.constant('pop' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (steps, quantum) => {
        const queue = new DeficitRoundRobin<Job>(quantum);
        const waiting: Job[] = [];
        const pop = (): void => {
          const got = queue.pop();
          const index = waiting.findIndex(({ tenantId }) => tenantId === got?.tenantId);
          expect(got).toEqual(waiting[index]);
          if (got !== undefined) waiting.splice(index, 1);
          else expect(waiting).toEqual([]);
        };
        for (const [at, one] of steps.entries()) {
          if (one === 'pop') pop();
          else {
            const pushed = job(one.tenantId, one.cost, at);
            waiting.push(pushed);
            queue.push(pushed);
          }
          expect(queue.size).toBe(waiting.length);
          expect(queue.cost).toBe(waiting.reduce((sum, { cost }) => sum + cost, 0));
          for (const name of ['a', 'b', 'c'])
            expect(queue.sizeOf(name)).toBe(waiting.filter(({ tenantId }) => tenantId === name).length);
        }
        while (waiting.length > 0) pop();
        expect(queue.pop()).toBeUndefined();
      }),
    );
  });

  it('of tenants that always wait none gets ahead of another by more than a quantum and a request each', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 300, maxLength: 300 });
    fc.assert(
      fc.property(costs, costs, costs, fc.integer({ min: 1, max: 300 }), (a, b, c, quantum) => {
        const queue = new DeficitRoundRobin<Job>(quantum);
        for (const [name, list] of Object.entries({ a, b, c })) for (const cost of list) queue.push(job(name, cost));
        const spent: Record<string, number> = { a: 0, b: 0, c: 0 };
        const most = Math.max(...a, ...b, ...c);
        while (queue.sizeOf('a') > 0 && queue.sizeOf('b') > 0 && queue.sizeOf('c') > 0) {
          const { tenantId, cost } = queue.pop()!;
          spent[tenantId] = spent[tenantId]! + cost;
          const all = Object.values(spent);
          expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(quantum + most);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('charges what a request did cost', () => {
    const queue = new DeficitRoundRobin<Job>(10);
    for (let i = 0; i < 400; i += 1) for (const name of ['honest', 'heavy']) queue.push(job(name, 10));
    const spent: Record<string, number> = { honest: 0, heavy: 0 };
    const ran: Record<string, number> = { honest: 0, heavy: 0 };
    for (let i = 0; i < 330; i += 1) {
      const { tenantId, cost } = queue.pop()!;
      const measured = tenantId === 'heavy' ? 100 : 10;
      queue.settle(tenantId, measured - cost);
      spent[tenantId] = spent[tenantId]! + measured;
      ran[tenantId] = ran[tenantId]! + 1;
    }
    expect(ran['honest']! / ran['heavy']!).toBeGreaterThan(8);
    expect(Math.abs(spent['honest']! - spent['heavy']!)).toBeLessThanOrEqual(210);
  });

  it('who was away saved nothing up', () => {
    const queue = new DeficitRoundRobin<Job>(10);
    queue.push(job('late', 1));
    expect(queue.pop()?.tenantId).toBe('late');
    for (let i = 0; i < 100; i += 1) queue.push(job('steady', 10));
    for (let i = 0; i < 50; i += 1) queue.pop();
    for (let i = 0; i < 50; i += 1) queue.push(job('late', 10));
    const next = Array.from({ length: 20 }, () => queue.pop()!.tenantId);
    const late = next.filter((name) => name === 'late').length;
    expect(late).toBeGreaterThanOrEqual(9);
    expect(late).toBeLessThanOrEqual(11);
  });

  it('who asks now and then waits for nobody with a backlog', () => {
    const queue = new DeficitRoundRobin<Job>(100);
    for (let i = 0; i < 1_000; i += 1) for (const name of ['x', 'y', 'z']) queue.push(job(name, 50));
    for (let i = 0; i < 10; i += 1) queue.pop();
    for (let i = 0; i < 20; i += 1) {
      queue.push(job(`now-and-then-${i}`, 50));
      expect(queue.pop()?.tenantId).toBe(`now-and-then-${i}`);
      queue.pop();
    }
  });

  it('who has nothing waiting may go past the queue for as much as its turn, and is charged', () => {
    const queue = new DeficitRoundRobin<Job>(100);
    for (let i = 0; i < 10; i += 1) queue.push(job('x', 100));
    expect([queue.isNext('x'), queue.isNext('y')]).toEqual([false, true]);
    queue.charge('y', 60);
    expect(queue.isNext('y')).toBe(true);
    queue.charge('y', 60);
    expect(queue.isNext('y')).toBe(false);
    queue.push(job('y', 100));
    expect(Array.from({ length: 4 }, () => queue.pop()!.tenantId)).toEqual(['x', 'x', 'y', 'x']);
    expect(queue.isNext('y')).toBe(true);
  });

  it('a quantum far below the costs holds up nothing', () => {
    const queue = new DeficitRoundRobin<Job>(1);
    for (let i = 0; i < 1_000; i += 1) queue.push(job(`tenant-${i}`, 1_000_000 + i));
    const from = performance.now();
    const got = new Set(Array.from({ length: 1_000 }, () => queue.pop()!.tenantId));
    expect(got.size).toBe(1_000);
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});
