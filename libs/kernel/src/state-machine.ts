import { ProblemError } from './problem.js';

/** From each state, the states that may follow. A state with none is final. */
export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>;

/** A lifecycle as a transition table. */
export interface StateMachine<S extends string> {
  readonly initial: S;
  readonly states: readonly S[];
  isFinal(state: S): boolean;
  can(from: S, to: S): boolean;
  /** Returns `to`. @throws {ProblemError} `conflict`, code `<name>.invalid_transition`, naming what is allowed. */
  move(from: S, to: S): S;
}

/**
 * Checks the table at start: the initial state exists, every state is reachable from it, every target is a state.
 * @throws {TypeError} when the table is not sound.
 */
export function stateMachine<S extends string>(name: string, initial: S, table: Transitions<S>): StateMachine<S> {
  const states = Object.keys(table) as S[];
  const reachable = new Set<S>([initial]);
  const queue: S[] = [initial];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const next of (table as Partial<Transitions<S>>)[state] ?? []) {
      if (!states.includes(next)) throw new TypeError(`${name}: '${next}' follows '${state}' but is no state`);
      if (!reachable.has(next)) queue.push(next);
      reachable.add(next);
    }
  }
  const lost = states.filter((s) => !reachable.has(s));
  if (!states.includes(initial) || lost.length > 0)
    throw new TypeError(`${name}: states never reached: ${lost.join(', ') || initial}`);
  const can = (from: S, to: S): boolean => table[from].includes(to);
  return {
    initial,
    states,
    isFinal: (state) => table[state].length === 0,
    can,
    move: (from, to) => {
      if (can(from, to)) return to;
      const allowed = table[from].length === 0 ? 'nothing, it is final' : table[from].join(', ');
      throw new ProblemError({
        kind: 'conflict',
        code: `${name}.invalid_transition`,
        detail: `${name} is '${from}' and can't become '${to}'; allowed from here: ${allowed}`,
      });
    },
  };
}
