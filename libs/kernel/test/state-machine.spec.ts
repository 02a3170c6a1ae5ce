import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProblemError, stateMachine, type Transitions } from '../src/index.js';

const table = {
  queued: ['running', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Transitions<'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'>;
type State = keyof typeof table;
const job = stateMachine<State>('job', 'queued', table);
const anyState = fc.constantFrom(...job.states);

describe('a state machine', () => {
  it('allows what the table says and nothing else', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const isAllowed = (table[from] as readonly State[]).includes(to);
        expect(job.can(from, to)).toBe(isAllowed);
        if (isAllowed) expect(job.move(from, to)).toBe(to);
        else expect(() => job.move(from, to)).toThrow(ProblemError);
      }),
    );
  });

  it('ends every walk in a final state, which nothing leaves', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 30 }), (wishes) => {
        let state: State = job.initial;
        for (const wish of wishes) {
          const wasFinal = job.isFinal(state);
          if (job.can(state, wish)) {
            expect(wasFinal).toBe(false);
            state = job.move(state, wish);
          }
        }
        expect(job.isFinal(state)).toBe(table[state].length === 0);
      }),
    );
  });

  it('says what was asked and what is allowed', () => {
    const refusal = (from: State, to: State): ProblemError => {
      try {
        job.move(from, to);
      } catch (error) {
        return error as ProblemError;
      }
      throw new Error('was allowed');
    };
    expect(refusal('queued', 'succeeded')).toMatchObject({
      kind: 'conflict',
      code: 'job.invalid_transition',
      message: "job is 'queued' and can't become 'succeeded'; allowed from here: running, cancelled",
    });
    expect(refusal('failed', 'running').message).toContain('allowed from here: nothing, it is final');
  });

  it.each([
    ['a state that nothing leads to', { a: [], lost: [] }, 'a', /states never reached: lost/],
    ['a target that is no state', { a: ['b'] }, 'a', /'b' follows 'a' but is no state/],
    ['an initial state that is none', { a: [] }, 'b', /never reached/],
  ])('refuses a table with %s', (_what, unsound, initial, reason) => {
    expect(() => stateMachine('thing', initial, unsound as Transitions<string>)).toThrow(reason);
  });
});
