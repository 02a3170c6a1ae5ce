import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CampaignAction, type CampaignFacts, advanceCampaign } from '../../src/domain/advance-campaign.js';
import { type Campaign, ENVIRONMENTS } from '../../src/domain/campaign.js';
import type { RunFacts } from '../../src/domain/collect.js';
import { type Ending, NOW_MS, approval, approved, facts, run, submitted, told } from './campaign-facts.js';

const ROLLOUTS = ['progressing', 'completed', 'failed', 'rolled-back'] as const;
const endings = fc.constantFrom<Ending>(
  'passed',
  'passed',
  'passed',
  'failed-suite',
  'rejected',
  'untrained',
  'inconclusive',
);
const runsOf = (ending: fc.Arbitrary<Ending>): fc.Arbitrary<RunFacts[]> =>
  fc.array(ending, { minLength: 1, maxLength: 9 }).map((all) => all.map((one, at) => run(`tenant-${at}`, one)));
const environments = fc.subarray([...ENVIRONMENTS], { minLength: 1 });
const waves = fc
  .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 3 })
  .map((some) => [...some.sort((a, b) => a - b), 100]);
const statuses = fc.constantFrom<(typeof ROLLOUTS)[number]>(
  'progressing',
  'completed',
  'completed',
  'completed',
  ...ROLLOUTS,
);

/** Rollouts end in any order, some never, some badly: each round a random part of those that were begun. */
function play(
  before: Campaign,
  known: CampaignFacts,
  luck: readonly (typeof ROLLOUTS)[number][],
): { all: CampaignAction[]; afterFailure: CampaignAction[] } {
  const rollouts = new Map(known.rollouts);
  const all: CampaignAction[] = [];
  const afterFailure: CampaignAction[] = [];
  let now = before;
  for (const status of luck) {
    const { campaign, actions } = advanceCampaign(now, { ...known, rollouts }, NOW_MS);
    const again = advanceCampaign(campaign, { ...known, rollouts }, NOW_MS + 1);
    expect(again).toEqual({ campaign, actions: [] });
    all.push(...actions);
    if ([...rollouts.values()].some((rollout) => rollout.status === 'failed' || rollout.status === 'rolled-back'))
      afterFailure.push(...actions);
    now = campaign;
    for (const action of actions)
      if (action.do === 'promote') rollouts.set(action.promotionId, { status: 'progressing', reason: '' });
    const open = [...rollouts].find(([, rollout]) => rollout.status === 'progressing');
    if (open) rollouts.set(open[0], { status, reason: status });
  }
  return { all, afterFailure };
}

describe('advanceCampaign, whatever happens', () => {
  it('changes nothing and does nothing when it is asked twice with the same facts', () => {
    fc.assert(
      fc.property(
        runsOf(endings),
        fc.constantFrom(...(['pending', 'approved', 'rejected', 'void'] as const)),
        (runs, status) => {
          const before = submitted(runs);
          const known = facts(runs, { approval: approval(before.evidenceDigest, status) });
          const { campaign } = advanceCampaign(before, known, NOW_MS);
          expect(advanceCampaign(campaign, known, NOW_MS + 1)).toEqual({ campaign, actions: [] });
        },
      ),
    );
  });

  it('never promotes or completes a member twice in an environment, nor one that was held back', () => {
    const luck = fc.array(statuses, { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(runsOf(endings), environments, waves, luck, (runs, chosen, growing, lucky) => {
        const { before, known } = approved(runs, { environments: chosen, waves: growing });
        const { all } = play(before, known, lucky);
        expect(new Set(told(all)).size).toBe(all.length);
        const heldBack = before.members.filter((member) => !member.included).map((member) => member.tenantId);
        expect(told(all).some((text) => heldBack.includes(text.split(' ')[2] ?? ''))).toBe(false);
      }),
    );
  });

  it('promotes every included member exactly once an environment when all goes well, in the order of the environments', () => {
    fc.assert(
      fc.property(runsOf(endings), environments, waves, (runs, chosen, growing) => {
        const { before, known } = approved(runs, { environments: chosen, waves: growing });
        const included = before.members.filter((member) => member.included).map((member) => member.tenantId);
        const rounds = included.length * chosen.length + 2;
        const { all } = play(
          before,
          known,
          Array.from({ length: rounds }, () => 'completed' as const),
        );
        const promoted = told(all).filter((text) => text.startsWith('promote'));
        const expected = chosen.flatMap((environment) => included.map((tenant) => `promote ${environment} ${tenant}`));
        expect(promoted).toEqual(expected);
        const completed = told(all).filter((text) => text.startsWith('complete'));
        expect(completed.sort()).toEqual(included.map((tenant) => `complete ${chosen.at(-1)} ${tenant}`).sort());
      }),
    );
  });

  it('promotes nothing more once a rollout failed or was taken back', () => {
    const luck = fc.array(statuses, { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(runsOf(endings), waves, luck, (runs, growing, lucky) => {
        const { before, known } = approved(runs, { waves: growing });
        const { afterFailure } = play(before, known, lucky);
        expect(told(afterFailure).filter((text) => text.startsWith('promote'))).toEqual([]);
      }),
    );
  });
});
