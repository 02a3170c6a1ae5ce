import { describe, expect, it } from '@jest/globals';
import { type Rule, type World, check, quiesce } from '@myriad/invariants';
import { differences } from '../src/differences.js';
import { invariantsConfig } from '../src/config.js';

const rule = (name: string, breaches: Rule['breaches']): Rule => ({ name, promise: `${name} holds`, breaches });
const quietLog = { lag: () => Promise.resolve([]) } as unknown as World['eventLog'];
const world = { eventLog: quietLog } as unknown as World;

describe('check', () => {
  it('tells each breach with its rule', async () => {
    const rules = [rule('a', () => Promise.resolve([])), rule('b', () => Promise.resolve(['one', 'two']))];
    expect(await check(world, rules)).toEqual({
      rules: ['a', 'b'],
      findings: [
        { rule: 'b', breach: 'one' },
        { rule: 'b', breach: 'two' },
      ],
    });
  });

  it('counts a rule that could not be checked as broken', async () => {
    const { findings } = await check(world, [rule('a', () => Promise.reject(new Error('no connection')))]);
    expect(findings).toEqual([{ rule: 'a', breach: 'could not be checked: no connection' }]);
  });

  it('tells twenty breaches of a rule, and how many more there are', async () => {
    const many = Array.from({ length: 25 }, (_none, at) => String(at));
    const { findings } = await check(world, [rule('a', () => Promise.resolve(many))]);
    expect(findings).toHaveLength(21);
    expect(findings.at(-1)?.breach).toBe('and 5 breaches more');
  });
});

describe('quiesce', () => {
  it('waits for what has to rest, and for that alone', async () => {
    let left = 2;
    const rules = [
      rule('no-lag', () => Promise.resolve(left-- > 0 ? ['behind'] : [])),
      rule('other', () => Promise.resolve(['broken'])),
    ];
    expect(await quiesce(world, rules, { timeoutMs: 20_000, intervalMs: 5 })).toEqual([]);
    expect(left).toBeLessThan(0);
  });

  it('tells what does not come to rest', async () => {
    const rules = [rule('outbox-empty', () => Promise.resolve(['auth: 3 wait']))];
    expect(await quiesce(world, rules, { timeoutMs: 30, intervalMs: 5 })).toEqual([
      { rule: 'outbox-empty', breach: 'auth: 3 wait' },
    ]);
  });

  it('takes no log for quiet that grows', async () => {
    let end = 0n;
    const lag = (): Promise<unknown> => Promise.resolve([{ endOffset: end++ }]);
    const growing = { eventLog: { lag } } as unknown as World;
    expect(await quiesce(growing, [], { timeoutMs: 50, intervalMs: 5 })).toEqual([
      { rule: 'at-rest', breach: 'events were appended all the time' },
    ]);
  });
});

describe('differences', () => {
  const tellings = { copy: 'copy', original: 'owner', key: ['tenant', 'name'] };

  it('finds nothing where all is told alike, whatever the order of members', () => {
    const at = new Date(0);
    const copies = [{ tenant: 'a', name: 'x', at, body: { one: 1, two: [2] } }];
    const originals = [{ tenant: 'a', name: 'x', at: at.toISOString(), body: { two: [2], one: 1 } }];
    expect(differences({ ...tellings, copies, originals })).toEqual([]);
  });

  it('tells what is missing, too much, and otherwise', () => {
    const copies = [
      { tenant: 'a', name: 'x', version: 1 },
      { tenant: 'a', name: 'y', version: 1 },
    ];
    const originals = [
      { tenant: 'a', name: 'x', version: 2 },
      { tenant: 'b', name: 'x', version: 1 },
    ];
    expect(differences({ ...tellings, copies, originals })).toEqual([
      'copy a/x differs from owner: version is 1, not 2',
      'copy lacks b/x of owner',
      'copy has a/y, which owner does not have',
    ]);
  });
});

describe('the flags', () => {
  it('choose folder, rules and patience', () => {
    const config = invariantsConfig(['--state', '/s', '--only', 'no-lag,outbox-empty', '--wait', '5', '--json'], {});
    expect(config).toEqual({
      stateFolder: '/s',
      only: ['no-lag', 'outbox-empty'],
      waitMs: 5_000,
      isJson: true,
      isHelp: false,
    });
    expect(invariantsConfig([], { MYRIAD_STATE: '/t' })).toMatchObject({ stateFolder: '/t', only: [], waitMs: 60_000 });
  });

  it.each([
    [['--only', 'no-such'], /no such rule: no-such/],
    [['--wait', 'long'], /0 to 3600/],
    [['--colour'], /rules:/],
  ])('refuse %j', (args, message) => {
    expect(() => invariantsConfig(args, {})).toThrow(message);
  });
});
