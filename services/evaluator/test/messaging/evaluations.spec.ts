import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evaluationCompletedV1, evaluatorRoutes as routes, versionRejectedV1 } from '@myriad/contracts';
import { digestOf, tenantId } from '@myriad/kernel';
import { APPLICATION, EvaluatorApp, flightsCsv, versionIdOf } from '../evaluator-app.js';

describe('a version was admitted', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
    await app.addSuite();
    await app.addApplication();
  });
  afterAll(() => app.close());

  it("is judged once by its application's suite, on the tenant's golden set and the sets drawn from it", async () => {
    const golden = await app.addDataset('aa');
    await app.admit('aa'); // the event comes twice
    const evaluation = await app.ended('aa');
    expect(evaluation).toMatchObject({ status: 'completed', verdict: 'pass', reason: 'all 4 checks passed' });
    expect(evaluation.checks.map(({ set, rows }) => [set, rows])).toEqual([
      ['golden', 800],
      ['noise#1', 800],
      ['noise#2', 800],
      ['missing#1', 800],
    ]);
    await app.harness.flush();
    const told = app.harness.eventsOf(evaluationCompletedV1).filter(({ data }) => data.tenantId === 'aa');
    expect(told).toHaveLength(1);
    expect(told[0]?.data).toMatchObject({ verdict: 'pass', metric: { name: 'auc', rows: 800 }, suite: APPLICATION });

    const stored = await app.harness.parts.objects.getBytes(tenantId('aa'), told[0]!.data.evidenceDigest);
    expect(digestOf(stored)).toBe(evaluation.evidenceDigest);
    expect(JSON.parse(stored.toString())).toMatchObject({
      golden: { dataset: 'golden', version: 1, digest: golden },
      model: { versionId: versionIdOf('aa', 1) },
      suite: { name: APPLICATION, version: 1 },
      verdict: 'pass',
    });
    const params = { evaluationId: evaluation.evaluationId };
    const { evidence, digest } = (await app.harness.request(routes.getEvidence, { tenant: 'aa', params })).body;
    expect(digest).toBe(evaluation.evidenceDigest);
    expect(evidence).toEqual(JSON.parse(stored.toString()));
  });

  it('gives the same checks when it is asked for again, on the newest golden set', async () => {
    const once = await app.ended('aa');
    const body = { modelName: APPLICATION, version: 1 };
    await app.harness.request(routes.createEvaluation, { tenant: 'aa', body }).then((answer) => answer.body);
    const again = await app.ended('aa');
    expect(again.evaluationId).not.toBe(once.evaluationId);
    expect(again.checks).toEqual(once.checks);
    app.clock.advance(1);
    await app.addDataset('aa', flightsCsv(600, 2), 2);
    await app.addDataset('aa', flightsCsv(700, 3), 1); // an older one that comes late
    await app.harness.request(routes.createEvaluation, { tenant: 'aa', body }).then((answer) => answer.body);
    expect((await app.ended('aa')).checks[0]?.rows).toBe(600);
  });

  it('is inconclusive where the tenant has no golden set, or too small a one', async () => {
    await app.admit('bb');
    expect(await app.ended('bb')).toMatchObject({
      status: 'completed',
      verdict: 'inconclusive',
      reason: "bb has no dataset 'golden'",
      checks: [],
    });
    await app.addDataset('cc', flightsCsv(100));
    await app.admit('cc');
    expect(await app.ended('cc')).toMatchObject({
      verdict: 'inconclusive',
      reason: '100 golden rows; the suite wants at least 500',
    });
  });

  it('fails, with the reason, when its label is none or a column is missing', async () => {
    await app.addDataset('dd', flightsCsv().replace(/,1\n/, ',7\n'));
    await app.admit('dd');
    const odd = await app.ended('dd');
    expect(odd).toMatchObject({ status: 'failed', verdict: null, evidenceDigest: null });
    expect(odd.reason).toMatch(/^'golden' row \d+: label 'delayed' must be 0 or 1 and never missing$/);
    await app.addDataset('ee', flightsCsv().replace('distance', 'miles'));
    await app.admit('ee');
    const lost = await app.ended('ee');
    expect(lost.status).toBe('failed');
    expect(lost.reason).toMatch(/^'golden' version 1 can't be read as the suite 'flight-delay' wants it: .*distance/);
    const params = { evaluationId: lost.evaluationId };
    const early = await app.harness.request(routes.getEvidence, { tenant: 'ee', params });
    expect(early.problem).toMatchObject({ status: 409, code: 'evaluator.evidence_not_ready' });
  });

  it('is judged when its application is known only later, once, and by no other suite than that', async () => {
    const versionsOf = async (tenant: string): Promise<readonly (string | null)[]> =>
      (await app.harness.request(routes.listEvaluations, { tenant })).body.items.map(({ suite }) => suite);
    for (const tenant of ['gg', 'hh']) await app.addDataset(tenant);
    await app.addSuite({ name: 'late-suite' });
    await app.admit('gg', { application: 'late' });
    await app.admit('hh', { application: 'late' });
    expect(await versionsOf('gg')).toEqual([]);
    await app.addApplication('late', 'late-suite'); // the event comes twice
    await app.addApplication('late', 'late-suite'); // and another of the same
    for (const tenant of ['gg', 'hh']) {
      expect(await app.ended(tenant)).toMatchObject({ status: 'completed', verdict: 'pass', suite: 'late-suite' });
      expect(await versionsOf(tenant)).toEqual(['late-suite']);
    }
    await app.addApplication('late', APPLICATION);
    expect(await versionsOf('gg')).toEqual(['late-suite']);
  });

  it('shows a tenant its own evaluations alone', async () => {
    const { evaluationId } = await app.ended('aa');
    const theirs = await app.harness.request(routes.getEvaluation, { tenant: 'tenant-b', params: { evaluationId } });
    expect(theirs.problem).toMatchObject({ status: 404, code: 'evaluator.evaluation_not_found' });
    const evidence = await app.harness.request(routes.getEvidence, { tenant: 'tenant-b', params: { evaluationId } });
    expect(evidence.status).toBe(404);
    const list = await app.harness.request(routes.listEvaluations, { tenant: 'tenant-b' });
    expect(list.body.items).toEqual([]);
    const body = { modelName: APPLICATION, version: 1 };
    const order = await app.harness.request(routes.createEvaluation, { tenant: 'tenant-b', body });
    expect(order.problem.code).toBe('evaluator.version_not_found');
  });

  it('evaluates no rejected version, and no suite that is not there', async () => {
    const { example } = versionRejectedV1;
    await app.harness.publish(versionRejectedV1, 'ff', { ...example, tenantId: 'ff', version: 3 });
    const body = { modelName: APPLICATION, version: 3 };
    const rejected = await app.harness.request(routes.createEvaluation, { tenant: 'ff', body });
    expect(rejected.problem.code).toBe('evaluator.version_not_found');
    const odd = { modelName: APPLICATION, version: 1, suite: 'nothing' };
    const unknown = await app.harness.request(routes.createEvaluation, { tenant: 'aa', body: odd });
    expect(unknown.problem.code).toBe('evaluator.suite_not_found');
  });
});
