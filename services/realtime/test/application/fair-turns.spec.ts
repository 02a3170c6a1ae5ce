import { describe, expect, test } from '@jest/globals';
import { FakeClock, tenantId, type TenantId } from '@myriad/kernel';
import { FairTurns, type FairTurnsOptions } from '../../src/application/fair-turns.js';

const aa = tenantId('aa');
const bb = tenantId('bb');

/** Time moves by work alone; what is deferred runs when the test says so. */
function setUp(options: Partial<FairTurnsOptions> = {}) {
  const clock = new FakeClock();
  let nowMs = 1_000;
  const deferred: (() => void)[] = [];
  const turns = new FairTurns({
    waitingPerTenant: 100,
    maxWaitMs: 1_000,
    clock,
    stopwatch: () => nowMs,
    defer: (run) => void deferred.push(run),
    ...options,
  });
  const ran: TenantId[] = [];
  const work = (tenant: TenantId, costMs: number) => () => {
    nowMs += costMs;
    ran.push(tenant);
    return tenant;
  };
  const atOnce = (tenant: TenantId, costMs: number) => {
    work(tenant, costMs)();
    turns.ranAtOnce(tenant, nowMs - costMs, nowMs);
  };
  return {
    turns,
    clock,
    ran,
    deferred,
    work,
    atOnce,
    rest: (ms: number) => (nowMs += ms),
    wait: (tenant: TenantId, costMs = 0.1, more = {}) =>
      turns.wait({ tenantId: tenant, run: work(tenant, costMs), ...more }),
    /** Lets the queue work until it is empty; how often it had to be called. */
    drain: () => {
      let rounds = 0;
      for (let run = deferred.shift(); run !== undefined; run = deferred.shift(), rounds += 1) run();
      return rounds;
    },
  };
}

describe('FairTurns', () => {
  test('alone, a request runs at once and nothing is deferred', () => {
    const { turns, deferred, atOnce, rest } = setUp();
    for (let i = 0; i < 1_000; i += 1) {
      expect(turns.isFree(aa)).toBe(true);
      atOnce(aa, 0.01);
      rest(0.3);
    }
    expect(deferred).toEqual([]);
  });

  test('after many without a pause, or much work, the next waits for the others to be heard', async () => {
    const many = setUp();
    for (let i = 0; i < 32; i += 1) {
      expect(many.turns.isFree(aa)).toBe(true);
      many.atOnce(aa, 0.001);
    }
    expect(many.turns.isFree(bb)).toBe(false);
    const much = setUp();
    much.atOnce(aa, 1);
    expect(much.turns.isFree(bb)).toBe(false);
    const waiting = much.wait(aa);
    expect(much.turns.state.waiting).toBe(1);
    much.drain();
    expect(await waiting).toBe(aa);
    expect(much.turns.isFree(aa)).toBe(true);
  });

  test('while something waits its tenant does not go before it, another may until it has spent its turn', () => {
    const { turns, wait, rest, atOnce, deferred } = setUp();
    for (let i = 0; i < 20; i += 1) void wait(aa);
    rest(10);
    expect(turns.isFree(aa)).toBe(false);
    expect(turns.isFree(bb)).toBe(true);
    for (let spent = 0; spent < 0.5; spent += 0.1) atOnce(bb, 0.1);
    expect(turns.isFree(bb)).toBe(false);
    // its next turn comes when the other had one
    while (turns.state.waiting > 9) deferred.shift()?.();
    expect(turns.isFree(bb)).toBe(true);
  });

  test('time that passes while a request runs is not what its tenant is charged with', () => {
    const { ran, wait, deferred, drain, turns } = setUp();
    for (let i = 0; i < 400; i += 1) void wait(aa, 0.1);
    const leave = turns.takeOn(bb);
    void wait(bb, 50);
    while (!ran.includes(bb)) deferred.shift()?.();
    const before = ran.length;
    void wait(bb, 0.1);
    drain();
    leave();
    expect(ran.slice(before).indexOf(bb)).toBeLessThanOrEqual(10);
  });

  test('refusals are told one in a millisecond of work, and a few in a turn when there is none', async () => {
    const { turns, wait, deferred, drain } = setUp();
    for (let i = 0; i < 40; i += 1) void wait(aa, 0.1);
    let told = 0;
    for (let i = 0; i < 25; i += 1) void turns.refusing().then(() => (told += 1));
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    while (turns.state.waiting > 5) deferred.shift()?.();
    await settled();
    expect(told).toBeGreaterThanOrEqual(3);
    expect(told).toBeLessThanOrEqual(5);
    while (turns.state.waiting > 0) deferred.shift()?.();
    await settled();
    expect(told).toBeLessThanOrEqual(13);
    drain();
    await settled();
    expect(told).toBe(25);
    await turns.refusing();
  });

  test('a line that is always long is kept short while another asks, and as long as it may be again later', () => {
    const { turns, wait, deferred, rest } = setUp({ waitingPerTenant: 1_000 });
    const flood = (): unknown => {
      turns.isFree(aa);
      if (turns.refusal(aa) !== undefined) return undefined;
      const leave = turns.takeOn(aa);
      return wait(aa, 0.1).then(leave);
    };
    for (let i = 0; i < 60; i += 1) expect(flood()).toBeDefined();
    turns.isFree(bb);
    // a burst may be long for a while
    for (let i = 0; i < 10; i += 1) expect(flood()).toBeDefined();
    rest(300);
    expect(flood()).toBeUndefined();
    expect(turns.refusal(bb)).toBeUndefined();
    while (turns.state.waiting >= 32) deferred.shift()?.();
    expect(flood()).toBeDefined();
    expect(flood()).toBeUndefined();
    // nobody else is there any more
    rest(1_001);
    expect(flood()).toBeDefined();
    turns.isFree(bb);
    expect(flood()).toBeUndefined();
    while (turns.state.waiting >= 10) deferred.shift()?.();
    turns.isFree(bb);
    for (let i = 0; i < 40; i += 1) expect(flood()).toBeDefined();
  });

  test('tenants take turns by what their requests cost', async () => {
    const { ran, wait, drain } = setUp();
    const all = [
      ...Array.from({ length: 90 }, () => wait(aa, 0.1)),
      ...Array.from({ length: 30 }, () => wait(bb, 0.3)),
    ];
    drain();
    await Promise.all(all);
    const first = ran.slice(0, 60);
    const spent = (tenant: TenantId, costMs: number) => first.filter((one) => one === tenant).length * costMs;
    expect(Math.abs(spent(aa, 0.1) - spent(bb, 0.3))).toBeLessThan(0.8);
  });

  test('one that asks now and then does not wait for the backlog of another', async () => {
    const { ran, wait, deferred, drain } = setUp();
    for (let i = 0; i < 100; i += 1) void wait(aa, 0.5);
    while (ran.length < 10) deferred.shift()?.();
    const before = ran.length;
    const late = wait(bb, 0.1);
    drain();
    expect(await late).toBe(bb);
    expect(ran.slice(before).indexOf(bb)).toBeLessThanOrEqual(1);
  });

  test('the event loop is given back now and then', async () => {
    const { wait, drain } = setUp();
    const all = Array.from({ length: 20 }, () => wait(aa, 0.5));
    expect(drain()).toBeGreaterThanOrEqual(5);
    await Promise.all(all);
  });

  test('what has expired is not run, and says so', async () => {
    const { turns, clock, ran, wait, drain } = setUp();
    const late = wait(aa, 0.1, { deadlineMs: clock.nowMs() + 50 });
    const inTime = wait(aa, 0.1, { deadlineMs: clock.nowMs() + 51 });
    clock.advance(50);
    drain();
    await expect(late).rejects.toMatchObject({ code: 'realtime.deadline_exceeded', kind: 'timeout' });
    expect(await inTime).toBe(aa);
    expect(ran).toEqual([aa]);
    expect(turns.state).toMatchObject({ expired: 1, waiting: 0 });
  });

  test('what nobody waits for any more is not run', async () => {
    const { turns, ran, wait, drain } = setUp();
    const gone = wait(aa, 0.1, { isGone: () => true });
    const here = wait(aa, 0.1, { isGone: () => false });
    drain();
    await expect(gone).rejects.toMatchObject({ code: 'realtime.client_gone' });
    await here;
    expect(ran).toHaveLength(1);
    expect(turns.state.left).toBe(1);
  });

  test('what fails fails alone', async () => {
    const { turns, wait, drain } = setUp();
    const broken = turns.wait({
      tenantId: aa,
      run: () => {
        throw new Error('broken');
      },
    });
    const sound = wait(bb);
    drain();
    await expect(broken).rejects.toThrow('broken');
    expect(await sound).toBe(bb);
  });

  test('a tenant with too many waiting is refused, others are not, and it is let in again', () => {
    const { turns } = setUp({ waitingPerTenant: 3 });
    const leave = [turns.takeOn(aa), turns.takeOn(aa), turns.takeOn(aa)];
    expect(() => turns.takeOn(aa)).toThrow(
      expect.objectContaining({ code: 'realtime.tenant_busy', kind: 'rate-limited', retryAfterSeconds: 1 }),
    );
    expect(turns.state.refused).toBe(1);
    turns.takeOn(bb)();
    leave[0]?.();
    expect(turns.waitingOf(aa)).toBe(2);
    turns.takeOn(aa);
    for (const one of leave.slice(1)) one();
    expect(turns.waitingOf(aa)).toBe(1);
  });

  test('a tenant with too much waiting is refused, one with nothing waiting only where all tenants together have too much', () => {
    const { turns, wait, drain, atOnce, rest } = setUp({ maxWaitMs: 20 });
    for (let i = 0; i < 500; i += 1) atOnce(aa, 1);
    rest(1);
    const isOverloaded = expect.objectContaining({
      code: 'realtime.overloaded',
      kind: 'unavailable',
      retryAfterSeconds: 1,
    });
    const leave: (() => void)[] = [];
    const takeOn = (tenant: TenantId): void => {
      leave.push(turns.takeOn(tenant));
      void wait(tenant, 1);
    };
    for (let i = 0; i < 21; i += 1) takeOn(aa);
    expect(() => turns.takeOn(aa)).toThrow(isOverloaded);
    turns.takeOn(bb)();
    for (let i = 0; i < 19; i += 1) takeOn(tenantId(`t${i}`));
    expect(() => turns.takeOn(bb)).toThrow(isOverloaded);
    drain();
    for (const one of leave) one();
    turns.takeOn(aa)();
  });
});
