import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type RouteResponse,
  evaluatorRoutes as routes,
  promotionApprovedV1,
  promotionCompletedV1,
  promotionRequestedV1,
} from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { APPLICATION, EvaluatorApp, versionIdOf } from '../evaluator-app.js';

type PromotionBody = RouteResponse<typeof routes.getPromotion>;

describe('a promotion', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
    await app.addSuite();
    await app.addApplication();
    await app.addDataset('aa');
    for (const tenant of ['aa', 'bb']) {
      await app.admit(tenant);
      await app.ended(tenant);
    }
  });
  afterAll(() => app.close());

  const body = { modelName: APPLICATION, version: 1, environment: 'production' as const };
  const request = async (): Promise<PromotionBody> =>
    (await app.harness.request(routes.requestPromotion, { tenant: 'aa', body })).body;
  const reaches = (promotionId: string, status: PromotionBody['status']): Promise<PromotionBody> =>
    eventually(async () => {
      const found = (await app.harness.request(routes.getPromotion, { tenant: 'aa', params: { promotionId } })).body;
      if (found.status !== status) throw new Error(`it is ${found.status}`);
      return found;
    });
  const askedFor = ({ promotionId, evidenceDigest }: PromotionBody): Parameters<EvaluatorApp['decide']>[0] => ({
    tenantId: 'aa',
    subjectId: promotionId,
    evidenceDigest: evidenceDigest,
  });

  it('goes live once it is approved, and is told once', async () => {
    const promotion = await request();
    const asked = await app.harness.event(promotionRequestedV1, { promotionId: promotion.promotionId });
    expect(asked.data).toMatchObject({ kind: 'promotion', evidenceDigest: promotion.evidenceDigest, tenantId: 'aa' });
    await app.decide(askedFor(promotion));
    const { promotionId } = promotion;
    const told = await app.harness.event(promotionApprovedV1, { promotionId });
    expect(told.data).toMatchObject({ versionId: versionIdOf('aa', 1), campaignId: null, environment: 'production' });
    expect(told.data.serving).toMatchObject({ way: 'kernel', split: { skeletonBytes: expect.any(Number) } });
    expect(told.data.serving).not.toHaveProperty('verdicts');
    await reaches(promotionId, 'rolling-out');
    await app.rollout('aa', promotionId, 'completed');
    expect((await reaches(promotionId, 'completed')).reason).toBe('completed by r0');
    await app.harness.flush();
    const ofIt = ({ data }: { data: { promotionId: string } }): boolean => data.promotionId === promotionId;
    expect(app.harness.eventsOf(promotionApprovedV1).filter(ofIt)).toHaveLength(1);
    expect(app.harness.eventsOf(promotionCompletedV1).filter(ofIt)).toHaveLength(1);
  });

  it('fails with its rollout, and completes nothing', async () => {
    const promotion = await request();
    const { promotionId } = promotion;
    await app.decide(askedFor(promotion));
    await reaches(promotionId, 'rolling-out');
    await app.rollout('aa', promotionId, 'failed');
    expect((await reaches(promotionId, 'failed')).reason).toBe('failed by r0');
    await app.harness.flush();
    expect(app.harness.eventsOf(promotionCompletedV1).some(({ data }) => data.promotionId === promotionId)).toBe(false);
  });

  it('takes no notice of an approval of other evidence, and ends when it is rejected', async () => {
    const promotion = await request();
    await app.decide({ ...askedFor(promotion), evidenceDigest: `sha256:${'1'.repeat(64)}` });
    await app.decide(askedFor(promotion), 'rejected');
    await reaches(promotion.promotionId, 'rejected');
    await app.harness.flush();
    const ids = app.harness.eventsOf(promotionApprovedV1).map(({ data }) => data.promotionId);
    expect(ids).not.toContain(promotion.promotionId);
  });

  it('needs an admitted version whose newest evaluation passed', async () => {
    const inconclusive = await app.harness.request(routes.requestPromotion, { tenant: 'bb', body });
    expect(inconclusive.problem).toMatchObject({ status: 409, code: 'evaluator.no_passing_evidence' });
    expect(inconclusive.problem.detail).toContain('is inconclusive');
    const lost = await app.harness.request(routes.requestPromotion, { tenant: 'aa', body: { ...body, version: 9 } });
    expect(lost.problem).toMatchObject({ status: 404, code: 'evaluator.version_not_found' });
  });

  it('is seen by its own tenant alone', async () => {
    const { promotionId } = await request();
    const theirs = await app.harness.request(routes.getPromotion, { tenant: 'bb', params: { promotionId } });
    expect(theirs.problem.code).toBe('evaluator.promotion_not_found');
    expect((await app.harness.request(routes.listPromotions, { tenant: 'bb' })).body.items).toEqual([]);
    const own = (await app.harness.request(routes.listPromotions, { tenant: 'aa' })).body.items;
    expect(own.map((promotion) => promotion.promotionId)).toContain(promotionId);
  });
});
