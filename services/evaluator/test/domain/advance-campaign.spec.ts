import { describe, expect, it } from '@jest/globals';
import { advanceCampaign } from '../../src/domain/advance-campaign.js';
import { wavesFault } from '../../src/domain/campaign.js';
import { NOW_MS, approval, approved, campaign, facts, rolledOut, run, submitted, told } from './campaign-facts.js';

const TENANTS = ['aa', 'bb', 'cc', 'dd'];

describe('advanceCampaign › collecting', () => {
  it('includes what passed, and holds the rest back with the reason', () => {
    const runs = [
      run('ee', 'untrained'),
      run('bb', 'failed-suite'),
      run('aa'),
      run('cc', 'rejected'),
      run('dd', 'inconclusive'),
    ];
    const { campaign: collected, actions } = advanceCampaign(campaign(), facts(runs), NOW_MS);
    expect(actions).toEqual([]);
    expect(collected.reason).toBe('all evidence is there; submit it for approval');
    expect(
      collected.members.map(({ tenantId, included, state, reason }) => [tenantId, included, state, reason]),
    ).toEqual([
      ['aa', true, 'waiting', 'all 2 checks passed'],
      ['bb', false, 'held-back', '1 of 2 checks failed'],
      ['cc', false, 'held-back', 'not admitted: operator If'],
      ['dd', false, 'held-back', 'training: 12 rows'],
      ['ee', false, 'held-back', 'training failed: out of memory'],
    ]);
  });

  it('says what it waits for', () => {
    const open = advanceCampaign(campaign(), facts([run('aa'), run('bb', 'evaluating')]), NOW_MS).campaign;
    expect(open.reason).toBe('1 of 2 still evaluating');
    const early = advanceCampaign(campaign(), facts([run('aa')], { isFleetRunEnded: false }), NOW_MS).campaign;
    expect(early.reason).toBe('the fleet run has not ended');
  });
});

describe('advanceCampaign › awaiting approval', () => {
  const before = submitted([run('aa'), run('bb')]);

  it('supersedes the approval and collects again when the evidence changed after it was submitted', () => {
    const changed = facts([run('aa'), run('bb', 'failed-suite')], {
      approval: approval(before.evidenceDigest, 'approved'), // even one that was given already
    });
    const { campaign: back, actions } = advanceCampaign(before, changed, NOW_MS);
    expect(actions).toEqual([{ do: 'supersede', evidenceDigest: before.evidenceDigest, reason: 'evidence-changed' }]);
    expect(back).toMatchObject({ status: 'collecting', evidenceDigest: null, approvalId: null });
    expect(back.reason).toBe('submit it again: the evidence changed after it was submitted');
    expect(back.members[1]).toMatchObject({ tenantId: 'bb', included: false });
  });

  it('shows an open approval, and waits for it', () => {
    const pending = facts([run('aa'), run('bb')], { approval: approval(before.evidenceDigest, 'pending') });
    const { campaign: after, actions } = advanceCampaign(before, pending, NOW_MS);
    expect(after).toEqual({ ...before, approvalId: 'apr_1' });
    expect(actions).toEqual([]);
  });

  it('takes no notice of an approval of other evidence', () => {
    const other = facts([run('aa'), run('bb')], { approval: approval(`sha256:${'1'.repeat(64)}`, 'approved') });
    expect(advanceCampaign(before, other, NOW_MS)).toEqual({ campaign: before, actions: [] });
  });

  it('ends when a person rejects it', () => {
    const rejected = facts([run('aa'), run('bb')], { approval: approval(before.evidenceDigest, 'rejected') });
    const { campaign: after, actions } = advanceCampaign(before, rejected, NOW_MS);
    expect(after).toMatchObject({ status: 'rejected', reason: 'rejected by usr_2', completedAt: new Date(NOW_MS) });
    expect(actions).toEqual([]);
  });

  it('collects again when the approval is void', () => {
    const expired = facts([run('aa'), run('bb')], { approval: approval(before.evidenceDigest, 'void') });
    const { campaign: after, actions } = advanceCampaign(before, expired, NOW_MS);
    expect(after).toMatchObject({ status: 'collecting', evidenceDigest: null, approvalId: null });
    expect(after.reason).toBe('submit it again: the approval is void: void by usr_2');
    expect(actions).toEqual([]);
  });
});

describe('advanceCampaign › rolling out', () => {
  it('goes through growing waves, environment after environment, and completes each member in the last', () => {
    const { before, known } = approved(
      TENANTS.map((tenant) => run(tenant)),
      { waves: [25, 50, 100] },
    );
    const rounds: string[][] = [];
    let [now, seen] = [before, known];
    for (let round = 0; round < 20 && now.status !== 'completed'; round += 1) {
      const { campaign: after, actions } = advanceCampaign(now, seen, NOW_MS);
      rounds.push(told(actions));
      [now, seen] = [after, rolledOut(seen, actions, 'completed')];
    }
    expect(rounds).toEqual([
      ['promote engineering aa'],
      ['promote engineering bb'],
      ['promote engineering cc', 'promote engineering dd'],
      ['promote production aa'],
      ['complete production aa', 'promote production bb'],
      ['complete production bb', 'promote production cc', 'promote production dd'],
      ['complete production cc', 'complete production dd'],
    ]);
    expect(now).toMatchObject({ status: 'completed', approvedBy: 'usr_2', completedAt: new Date(NOW_MS) });
    expect(now.members.every((member) => member.state === 'live' && member.environment === 'production')).toBe(true);
  });

  it('promotes nobody who was held back', () => {
    const { before, known } = approved([run('aa'), run('bb', 'failed-suite')]);
    const { campaign: rolling, actions } = advanceCampaign(before, known, NOW_MS);
    expect(told(actions)).toEqual(['promote engineering aa']);
    expect(rolling.members[1]).toMatchObject({ state: 'held-back', environment: null });
  });

  it('waits for the whole wave before it begins the next', () => {
    const { before, known } = approved(
      TENANTS.map((tenant) => run(tenant)),
      { waves: [50, 100] },
    );
    const first = advanceCampaign(before, known, NOW_MS);
    expect(first.campaign.reason).toBe('engineering, wave 1 of 2');
    const half = rolledOut(known, first.actions.slice(0, 1), 'completed');
    const second = advanceCampaign(first.campaign, half, NOW_MS);
    expect(second.actions).toEqual([]);
    expect(second.campaign.members.map((member) => member.state)).toEqual([
      'waiting',
      'rolling-out',
      'waiting',
      'waiting',
    ]);
  });

  it('halts when a member fails: no other is promoted after it', () => {
    const { before, known } = approved(
      TENANTS.map((tenant) => run(tenant)),
      { waves: [25, 100] },
    );
    const first = advanceCampaign(before, known, NOW_MS);
    const { campaign: halted, actions } = advanceCampaign(
      first.campaign,
      rolledOut(known, first.actions, 'failed'),
      NOW_MS,
    );
    expect(actions).toEqual([]);
    expect(halted).toMatchObject({
      status: 'halted',
      reason: '1 failed in engineering; first: aa/flight-delay: engineering: failed by r0',
    });
    expect(halted.members.map((member) => member.state)).toEqual(['failed', 'waiting', 'waiting', 'waiting']);
  });

  it.each(['halted', 'cancelled'] as const)(
    'completes what was on its way when it was %s, and promotes nothing more',
    (ending) => {
      const { before, known } = approved([run('aa'), run('bb')], { environments: ['production'], waves: [100] });
      const first = advanceCampaign(before, known, NOW_MS);
      const [one, other] = [first.actions.slice(0, 1), first.actions.slice(1)];
      const ended =
        ending === 'cancelled'
          ? { ...first.campaign, status: ending }
          : advanceCampaign(first.campaign, rolledOut(known, one, 'failed'), NOW_MS).campaign;
      expect(ended.status).toBe(ending);
      const later = rolledOut(rolledOut(known, one, 'failed'), other, 'completed');
      const settled = advanceCampaign(ended, later, NOW_MS);
      expect(told(settled.actions)).toEqual(['complete production bb']);
      expect(settled.campaign.members.map((member) => member.state)).toEqual(['failed', 'live']);
      expect(settled.campaign.status).toBe(ending);
      expect(advanceCampaign(settled.campaign, later, NOW_MS)).toEqual({ campaign: settled.campaign, actions: [] });
    },
  );
});

describe('wavesFault', () => {
  it('wants growing percentages that end at 100', () => {
    expect(wavesFault([10, 50, 100])).toBeUndefined();
    expect(wavesFault([10, 50])).toBe('the last wave is 50 %; it must be 100');
    expect(wavesFault([])).toBe('the last wave is missing %; it must be 100');
    expect(wavesFault([50, 50, 100])).toBe("waves 50, 50, 100 don't grow");
  });
});
