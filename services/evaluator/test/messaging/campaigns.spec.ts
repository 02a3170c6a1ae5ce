import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type RouteResponse,
  campaignChangedV1,
  evaluatorRoutes as routes,
  fleetRunChangedV1,
  promotionApprovedV1,
  promotionCompletedV1,
  promotionRequestedV1,
  promotionSupersededV1,
  runCompletedV1,
} from '@myriad/contracts';
import { digestOf, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { APPLICATION, EvaluatorApp } from '../evaluator-app.js';

type CampaignBody = RouteResponse<typeof routes.getCampaign>;

/** A campaign of the platform in the running service. */
class Driver {
  constructor(
    readonly app: EvaluatorApp,
    readonly campaignId: string,
  ) {}

  static async create(app: EvaluatorApp, fleetRunId: string, more: object = {}): Promise<Driver> {
    const anyBody = { application: APPLICATION, fleetRunId, environments: ['production'], ...more };
    const { body } = await app.harness.request(routes.createCampaign, { tenant: 'platform', anyBody });
    return new Driver(app, body.campaignId);
  }

  get about(): { tenant: string; params: { campaignId: string } } {
    return { tenant: 'platform', params: { campaignId: this.campaignId } };
  }

  reaches(isThere: (campaign: CampaignBody) => boolean): Promise<CampaignBody> {
    return eventually(async () => {
      const { body } = await this.app.harness.request(routes.getCampaign, this.about);
      if (!isThere(body)) throw new Error(`${body.status}: ${body.reason} ${JSON.stringify(body.members)}`);
      return body;
    });
  }

  collected(): Promise<CampaignBody> {
    return this.reaches(({ reason }) => reason === 'all evidence is there; submit it for approval');
  }

  async submit(): Promise<CampaignBody> {
    return (await this.app.harness.request(routes.submitCampaign, this.about)).body;
  }

  async decide(evidenceDigest: string | null, decision: 'approved' | 'rejected' = 'approved'): Promise<void> {
    if (evidenceDigest === null) throw new Error('nothing to decide on');
    const asked = {
      tenantId: 'platform',
      subjectId: this.campaignId,
      evidenceDigest: evidenceDigest as `sha256:${string}`,
    };
    await this.app.decide(asked, decision, 'campaign');
  }

  /** The promotion of the tenant in the environment, once it is told; fails when it is told more than once. */
  async promotion(tenant: string, environment: string): Promise<string> {
    const told = await eventually(() => {
      const found = this.app.harness
        .eventsOf(promotionApprovedV1)
        .filter(
          ({ data }) =>
            data.tenantId === tenant && data.environment === environment && data.campaignId === this.campaignId,
        );
      if (found.length === 0) throw new Error(`${tenant} is not promoted to ${environment}`);
      return found;
    });
    expect(told).toHaveLength(1);
    return told[0]!.data.promotionId;
  }
}

describe('a campaign', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
    await app.addSuite();
    await app.addApplication();
  });
  afterAll(() => app.close());

  it('takes a fleet run from its evidence to live in the last environment, wave by wave', async () => {
    for (const tenant of ['aa', 'bb']) await app.addDataset(tenant);
    await app.trained('flt_way', { aa: 'succeeded', bb: 'succeeded', cc: 'inconclusive', dd: 'succeeded' }); // dd has no golden set
    const driver = await Driver.create(app, 'flt_way', {
      environments: ['engineering', 'production'],
      waves: [50, 100],
    });
    const ready = await driver.collected();
    expect(ready.members.map(({ tenantId: tenant, included, verdict }) => [tenant, included, verdict])).toEqual([
      ['aa', true, 'pass'],
      ['bb', true, 'pass'],
      ['cc', false, 'inconclusive'],
      ['dd', false, 'inconclusive'],
    ]);

    const { evidenceDigest } = await driver.submit();
    const asked = await app.harness.event(promotionRequestedV1, { promotionId: driver.campaignId });
    expect(asked.data).toMatchObject({
      evidenceDigest,
      summary: '2 of 4 models of flight-delay to engineering, then production',
    });
    const shown = await app.harness.parts.objects.getBytes(tenantId('platform'), asked.data.evidenceDigest);
    expect(digestOf(shown)).toBe(evidenceDigest);
    await driver.decide(evidenceDigest);

    for (const environment of ['engineering', 'production'])
      for (const [tenant, other] of [
        ['aa', 'bb'],
        ['bb', 'aa'],
      ] as const) {
        const promotionId = await driver.promotion(tenant, environment);
        await app.rollout(tenant, promotionId, 'progressing');
        await app.harness.flush();
        const open = app.harness.eventsOf(promotionApprovedV1).filter((e) => e.data.environment === environment);
        expect(open.some(({ data }) => data.tenantId === other)).toBe(tenant === 'bb');
        await app.rollout(tenant, promotionId, 'completed');
      }
    const done = await driver.reaches(({ status }) => status === 'completed');
    expect(done.members.map(({ state, environment }) => [state, environment])).toEqual([
      ['live', 'production'],
      ['live', 'production'],
      ['held-back', null],
      ['held-back', null],
    ]);
    await app.harness.flush();
    const completed = app.harness.eventsOf(promotionCompletedV1).map(({ data }) => data);
    expect(completed.map(({ tenantId: tenant }) => tenant)).toEqual(['aa', 'bb']);
    expect(completed[0]).toMatchObject({ environment: 'production', alias: 'champion', campaignId: driver.campaignId });
    expect(completed[0]?.approvedBy).toBe('usr_2');
    const last = app.harness.eventsOf(campaignChangedV1).at(-1)?.data;
    expect(last).toMatchObject({ status: 'completed', counts: { included: 2, heldBack: 2, live: 2, failed: 0 } });
  });

  it('takes no notice of an approval of other evidence, and ends when its own is rejected', async () => {
    await app.addDataset('ee');
    await app.trained('flt_no', { ee: 'succeeded' });
    const driver = await Driver.create(app, 'flt_no');
    await driver.collected();
    const { evidenceDigest } = await driver.submit();
    await driver.decide(`sha256:${'1'.repeat(64)}`);
    await driver.decide(evidenceDigest, 'rejected');
    const ended = await driver.reaches(({ status }) => status !== 'awaiting-approval');
    expect(ended).toMatchObject({ status: 'rejected', reason: 'rejected by usr_2' });
    expect(app.harness.eventsOf(promotionApprovedV1).filter(({ data }) => data.tenantId === 'ee')).toEqual([]);
  });

  it('asks again when the evidence changes after it was submitted', async () => {
    await app.addDataset('ff');
    await app.trained('flt_new', { ff: 'succeeded' });
    const driver = await Driver.create(app, 'flt_new');
    await driver.collected();
    const first = await driver.submit();
    const body = { modelName: APPLICATION, version: 1 };
    await app.harness.request(routes.createEvaluation, { tenant: 'ff', body }).then((answer) => answer.body);
    await app.ended('ff');
    const superseded = await app.harness.event(promotionSupersededV1, { promotionId: driver.campaignId });
    expect(superseded.data).toMatchObject({ evidenceDigest: first.evidenceDigest, reason: 'evidence-changed' });
    await driver.decide(first.evidenceDigest); // too late: it was given for other evidence
    await driver.reaches(({ status, members }) => status === 'collecting' && members[0]?.verdict === 'pass');
    const second = await driver.submit();
    expect(second.evidenceDigest).not.toBe(first.evidenceDigest);
    await driver.decide(second.evidenceDigest);
    await driver.promotion('ff', 'production');
  });

  it('halts when a rollout fails, and still completes what was on its way', async () => {
    for (const tenant of ['gg', 'hh', 'ii']) await app.addDataset(tenant);
    await app.trained('flt_bad', { gg: 'succeeded', hh: 'succeeded', ii: 'succeeded' });
    const driver = await Driver.create(app, 'flt_bad', { waves: [60, 100] });
    await driver.collected();
    await driver.decide((await driver.submit()).evidenceDigest);
    const [bad, good] = [await driver.promotion('gg', 'production'), await driver.promotion('hh', 'production')];
    await app.rollout('gg', bad, 'failed');
    const halted = await driver.reaches(({ status }) => status === 'halted');
    expect(halted.members.map(({ state }) => state)).toEqual(['failed', 'rolling-out', 'waiting']);
    await app.rollout('hh', good, 'completed');
    await driver.reaches(({ members }) => members[1]?.state === 'live');
    await app.harness.event(promotionCompletedV1, { promotionId: good });
    expect(app.harness.eventsOf(promotionApprovedV1).filter(({ data }) => data.tenantId === 'ii')).toEqual([]);
  });

  it('is not submitted before all its evidence is there, nor with nothing that passed', async () => {
    await app.trained('flt_none', { jj: 'inconclusive' });
    const counts = { total: 2, succeeded: 0, inconclusive: 2, failed: 0 }; // the end is told before the second run is
    const ended = { ...fleetRunChangedV1.example, fleetRunId: 'flt_part', counts };
    const { example } = runCompletedV1;
    const run = {
      ...example,
      tenantId: 'mm',
      runId: 'run_mm',
      fleetRunId: 'flt_part',
      outcome: 'inconclusive',
    } as const;
    await app.harness.publish(runCompletedV1, 'mm', run);
    await app.harness.publish(fleetRunChangedV1, 'platform', ended);
    const part = await Driver.create(app, 'flt_part');
    await part.reaches(({ members, reason }) => members.length === 1 && reason === 'the fleet run has not ended');
    const half = await app.harness.request(routes.submitCampaign, part.about);
    expect(half.problem.code).toBe('evaluator.campaign_incomplete');
    const empty = await Driver.create(app, 'flt_none');
    await empty.collected();
    const nothing = await app.harness.request(routes.submitCampaign, empty.about);
    expect(nothing.problem).toMatchObject({ status: 409, code: 'evaluator.campaign_empty' });
    await app.harness.publish(runCompletedV1, 'kk', {
      ...runCompletedV1.example,
      tenantId: 'kk',
      runId: 'run_kk',
      fleetRunId: 'flt_none',
    });
    await empty.reaches(({ members }) => members.length === 2);
    const early = await app.harness.request(routes.submitCampaign, empty.about);
    expect(early.problem).toMatchObject({ status: 409, code: 'evaluator.campaign_incomplete' });
  });

  it('belongs to the platform, of a fleet run that is there, in waves that grow', async () => {
    const tenant = await app.harness.request(routes.listCampaigns, { tenant: 'aa' });
    expect(tenant.status).toBe(403);
    const create = (more: object): Promise<{ problem: { code: string } }> =>
      app.harness.request(routes.createCampaign, {
        tenant: 'platform',
        anyBody: { application: APPLICATION, fleetRunId: 'flt_no', environments: ['production'], ...more },
      });
    expect((await create({ fleetRunId: 'flt_lost' })).problem.code).toBe('evaluator.fleet_run_not_found');
    expect((await create({ waves: [50, 20, 100] })).problem.code).toBe('evaluator.waves_invalid');
    expect((await create({ environments: ['production', 'production'] })).problem.code).toBe('evaluator.waves_invalid');
  });

  it('is withdrawn when it is cancelled', async () => {
    await app.addDataset('ll');
    await app.trained('flt_off', { ll: 'succeeded' });
    const driver = await Driver.create(app, 'flt_off');
    await driver.collected();
    const { evidenceDigest } = await driver.submit();
    const { body } = await app.harness.request(routes.cancelCampaign, driver.about);
    expect(body.status).toBe('cancelled');
    const told = await app.harness.event(promotionSupersededV1, { promotionId: driver.campaignId });
    expect(told.data).toMatchObject({ evidenceDigest, reason: 'withdrawn' });
    const again = await app.harness.request(routes.cancelCampaign, driver.about);
    expect(again.status).toBe(409);
  });
});
