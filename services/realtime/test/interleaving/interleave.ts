import { setImmediate } from 'node:timers/promises';
import type { Random } from '../random.js';
import { VERSIONS, type Fleet } from './fleet.js';
import type { Replica } from './replica.js';
import type { Truth } from './truth.js';
import type { ReadEnd } from './uncertain-store.js';

const STEPS = 160;

/** What happened, so that a test can tell that it tried something. */
export interface Happened {
  answers: number;
  refusals: number;
  placements: number;
}

/**
 * A random run: requests, placements, removals, loads, unloads and evictions meet in random order, reads of the store end late, wrong or not at all, the disk fills and rots.
 * @throws {Error} for a wrong answer, one of another tenant's or version's model, a refusal without a reason, or a version that does not answer when all is well again
 */
export async function interleave(replica: Replica, fleet: Fleet, random: Random): Promise<Happened> {
  const happened: Happened = { answers: 0, refusals: 0, placements: 0 };
  const truths = fleet.newTruths();
  const pending: Promise<unknown>[] = [];
  const faults: unknown[] = [];
  const watch = (work: Promise<unknown>): void => {
    pending.push(work.catch((error: unknown) => faults.push(error)));
  };
  const step = (): void => {
    const truth = random.pick(truths);
    const chance = random.next();
    if (chance < 0.45) watch(infer(replica, random, truth, happened));
    else if (chance < 0.58) place(replica, random, { fleet, truth }, happened);
    else if (chance < 0.6) remove(replica, { fleet, truth });
    else if (chance < 0.63) replica.applyStale(random);
    else if (chance < 0.66) watch(attempt(truth, () => replica.load(truth.tenant, truth.modelName)));
    else if (chance < 0.7)
      watch(
        attempt(truth, () => {
          replica.unload(truth.tenant, truth.modelName);
        }),
      );
    else if (chance < 0.9) for (let i = random.int(1, 4); i > 0; i -= 1) release(replica, random);
    else if (chance < 0.94) replica.clock.advance(random.pick([10, 300, 2_000]));
    else if (chance < 0.97) watch(replica.damageDisk(random));
    else replica.isDiskFull = !replica.isDiskFull;
  };
  for (let i = 0; i < STEPS; i += 1) {
    step();
    for (let turns = random.int(0, 2); turns > 0; turns -= 1) await setImmediate();
  }
  await replica.settle(pending);
  for (const fault of faults) throw fault;
  for (const truth of truths) await answersAgain(replica, { fleet, truth });
  return happened;
}

async function infer(replica: Replica, random: Random, truth: Truth, happened: Happened): Promise<void> {
  const timeoutMs = random.chance(0.2) ? random.pick([1, 200, 1_000]) : undefined;
  const beginning = truth.begin(timeoutMs !== undefined);
  const values = Array.from({ length: random.int(1, 3) }, () => random.int(-1_000, 1_000));
  let answer;
  try {
    answer = await replica.infer(truth.tenant, truth.modelName, values, timeoutMs);
  } catch (error) {
    happened.refusals += 1;
    truth.refused(beginning, error);
    return;
  }
  happened.answers += 1;
  if (answer.tags.length !== values.length) throw new Error(`${answer.tags.length} values for ${values.length} rows`);
  truth.answered(beginning, answer);
}

interface Of {
  readonly fleet: Fleet;
  readonly truth: Truth;
}

/** Any version: a new one, an old one again, or the same. */
function place(replica: Replica, random: Random, { fleet, truth }: Of, happened: Happened): void {
  const version = random.int(1, VERSIONS);
  const placement = fleet.placement(truth, version, { generation: truth.place(version), status: 'active' });
  replica.apply(placement);
  // delivered twice, as at-least-once may
  if (random.chance(0.3)) replica.apply({ ...placement });
  happened.placements += 1;
}

function remove(replica: Replica, { fleet, truth }: Of): void {
  const { version } = truth;
  if (version !== undefined)
    replica.apply(fleet.placement(truth, version, { generation: truth.place(undefined), status: 'removed' }));
}

async function attempt(truth: Truth, run: () => unknown): Promise<void> {
  const beginning = truth.begin(false);
  try {
    await run();
  } catch (error) {
    truth.refused(beginning, error);
  }
}

const ENDS: readonly ReadEnd[] = ['right', 'right', 'right', 'damaged', 'gone', 'away'];

function release(replica: Replica, random: Random): void {
  const { reads } = replica.store;
  if (reads > 0) replica.store.release(random.int(0, reads - 1), random.pick(ENDS));
}

/** When store and disk work, the version that is placed now is the one that answers. */
async function answersAgain(replica: Replica, { fleet, truth }: Of): Promise<void> {
  const version = truth.version ?? 1;
  replica.apply(fleet.placement(truth, version, { generation: truth.place(version), status: 'active' }));
  await replica.settle([]);
  const beginning = truth.begin(false);
  const answering = replica.infer(truth.tenant, truth.modelName, [7]);
  await replica.settle([answering]);
  const answer = await answering;
  truth.answered(beginning, answer);
  if (answer.version !== version) throw new Error(`version ${answer.version} answers, ${version} is placed`);
}
