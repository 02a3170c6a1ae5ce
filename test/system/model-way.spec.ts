import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { authRoutes, deployerRoutes, registryRoutes, servingRoutes } from '@myriad/contracts';
import { OtlpReceiver, eventually } from '@myriad/testing';
import { type Cast, PLATFORM, assembleCast } from './cast.js';
import { Refused } from './client.js';
import { Mesh } from './mesh.js';
import { brokenInvariants } from './invariants-hold.js';
import { unseenFlaws } from './unseen-flaws.js';
import { stepsOn } from './steps.js';
import {
  type Campaign,
  type FleetRun,
  GOLDEN,
  MODEL,
  TRAINING,
  approve,
  commitRows,
  describeApplication,
  endOfCampaign,
  linesAt,
  obtainGrants,
  pendingApproval,
  predict,
  proposeCampaign,
  scoreBatch,
  train,
} from './model-way.js';
import { purgeTenant } from './purge.js';
import { inferBody, machineRows } from './tables.js';
import { type Rollout, flipTo, tryVersion, versionFor } from './trials.js';

const GOLDEN_ROWS = 900;
const golden = (at: number): ReturnType<typeof machineRows> => machineRows(GOLDEN_ROWS, 500 + at);

/** The steps build on one another. */
describe('The way of a model', () => {
  let mesh: Mesh;
  let traces: OtlpReceiver;
  let cast: Cast;
  let run: FleetRun;
  let campaign: Campaign;
  const [LARGE, OTHER, TINY] = ['acme', 'bolt', 'tiny'] as const;

  beforeAll(async () => {
    traces = await OtlpReceiver.start();
    mesh = await Mesh.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: traces.url } });
  });
  afterAll(async () => {
    await Mesh.stopAll();
    await traces.close();
  });

  const step = stepsOn(() => mesh);
  const tenant = (tenantId: string): Cast['tenants'][number] => cast.tenants.find((one) => one.tenantId === tenantId)!;

  step('gives each tenant people, programs, and data of its own', async () => {
    cast = await assembleCast(mesh.admin, [LARGE, OTHER, TINY]);
    await Promise.all(
      cast.tenants.map(async ({ tenantId, program }, at) => {
        const rows = machineRows(tenantId === TINY ? 200 : 2_000, at + 1);
        expect(await commitRows(program.client, TRAINING, rows)).toMatchObject({ version: 1, rowCount: rows.length });
        expect(await commitRows(program.client, GOLDEN, golden(at))).toMatchObject({ rowCount: GOLDEN_ROWS });
      }),
    );
  });

  step('lets nobody approve the grant they asked for', async () => {
    const asker = tenant(LARGE).steward.client;
    const { grantId } = await asker.call(registryRoutes.requestGrant, {
      body: { datasetName: TRAINING, purpose: 'training', justification: 'mine' },
    });
    const approval = await pendingApproval(asker, grantId);
    await expect(approve(asker, approval)).rejects.toMatchObject({ problem: { code: 'auth.own_request' } });
    await Promise.all(cast.tenants.map((one) => obtainGrants(cast, one)));
  });

  const firstVersion = (tenantId: string) =>
    tenant(tenantId).steward.client.call(registryRoutes.getModelVersion, { params: { name: MODEL, version: 1 } });
  const splitOf = (version: Awaited<ReturnType<typeof firstVersion>> | undefined) => {
    if (!version?.serving?.split) throw new Error('it is not served from a skeleton');
    return version.serving.split;
  };

  step('trains a model a tenant, and says why where it does not', async () => {
    await describeApplication(cast);
    run = await train(cast);
    expect(run).toMatchObject({ status: 'completed', counts: { total: 3, succeeded: 2, inconclusive: 1, failed: 0 } });
    expect(run.members.find(({ tenantId }) => tenantId === TINY)?.reason).toBe('200 rows; a model needs 500');
  });

  step('admits and proves each version, and holds back what is inconclusive', async () => {
    campaign = await proposeCampaign(cast, run);
    const members = new Map(campaign.members.map((member) => [member.tenantId, member]));
    for (const tenantId of [LARGE, OTHER]) {
      expect(members.get(tenantId)).toMatchObject({ included: true, verdict: 'pass', version: 1 });
      expect(members.get(tenantId)?.metric?.low).toBeGreaterThan(0.6);
    }
    expect(members.get(TINY)).toMatchObject({ included: false, state: 'held-back' });
    const [version, other] = await Promise.all([LARGE, OTHER].map(firstVersion));
    expect(version).toMatchObject({ admission: { status: 'admitted' }, lineage: { fleetRunId: run.fleetRunId } });
    // one graph, and each tenant's own weights: what follows is answered, scored and evaluated by these
    expect(version?.serving).toMatchObject({ way: 'kernel', verdicts: expect.any(Array) });
    const [split, otherSplit] = [splitOf(version), splitOf(other)];
    expect(otherSplit.skeletonDigest).toBe(split.skeletonDigest);
    expect(otherSplit.weightsDigest).not.toBe(split.weightsDigest);
  });

  step('goes live only when a second person approves the same evidence', async () => {
    const approval = await pendingApproval(cast.scientist.client, campaign.campaignId);
    expect(approval.evidenceDigest).toBe(campaign.evidenceDigest);
    await expect(approve(cast.scientist.client, approval)).rejects.toMatchObject({
      problem: { status: 403, code: 'auth.own_request' },
    });
    await approve(cast.approver.client, approval);
    const ended = await endOfCampaign(cast, campaign);
    expect(ended.status).toBe('completed');
    expect(
      ended.members
        .filter(({ state, environment }) => state === 'live' && environment === 'production')
        .map(({ tenantId }) => tenantId)
        .sort(),
    ).toEqual([LARGE, OTHER]);
    const { items } = await cast.admin.call(deployerRoutes.listRollouts, { query: { pageSize: 500 } });
    expect(items.map(({ tenantId, environment, status }) => `${tenantId} ${environment} ${status}`).sort()).toEqual([
      `${LARGE} engineering completed`,
      `${LARGE} production completed`,
      `${OTHER} engineering completed`,
      `${OTHER} production completed`,
    ]);
  });

  step('leaves one trace of the approval, from the gateway through every service to the last consumer', async () => {
    const decision = `POST ${authRoutes.decideApproval.path}`;
    const root = await eventually(() => {
      const found = traces.spans.filter(({ service, name }) => service === 'gateway' && name === decision);
      const approved = found.findLast(({ kind, attributes }) => {
        return kind === 'server' && attributes['http.response.status_code'] === 200;
      });
      if (approved === undefined) throw new Error('the approval left no span');
      return approved;
    });
    expect(root.parentSpanId).toBeUndefined();
    const { traceId } = root;
    const last = { service: 'registry', kind: 'consumer', type: 'evaluator.promotion-completed.v1' };
    await eventually(
      () => {
        const spans = traces.of(traceId);
        expect(
          spans.map(({ service, kind, attributes }) => ({ service, kind, type: attributes['cloudevents.event_type'] })),
        ).toContainEqual(last);
        expect(new Set(spans.map(({ service }) => service))).toEqual(
          new Set(['gateway', 'auth', 'evaluator', 'deployer', 'realtime', 'registry', 'batch']),
        );
        expect(traces.orphans(traceId)).toEqual([]);
      },
      { timeoutMs: 15_000 },
    );
    const audited = traces.of(traceId).find(({ service, attributes }) => {
      return service === 'auth' && attributes['cloudevents.event_type'] === 'gateway.request-audited.v1';
    });
    expect(audited).toMatchObject({
      kind: 'consumer',
      attributes: { 'messaging.destination.name': 'myriad.gateway.request.v1' },
    });
  });

  step("answers a tenant's own key, and no other's", async () => {
    const predictions = await eventually(() => predict(tenant(LARGE).program.client, golden(0).slice(0, 5)));
    expect(predictions).toHaveLength(5);
    const foreign = tenant(OTHER).program.client.in(LARGE);
    await expect(foreign.call(authRoutes.getMe)).rejects.toThrow(Refused);
    for (const client of [foreign, tenant(TINY).program.client]) {
      const { status } = await client.send({
        method: 'POST',
        path: `/v2/models/${MODEL}/infer`,
        body: inferBody(golden(0).slice(0, 1)),
        headers: { 'content-type': 'application/json' },
      });
      expect([403, 404]).toContain(status);
    }
  });

  step('scores a file as the live model does, bit for bit', async () => {
    for (const [at, tenantId] of [LARGE, OTHER].entries()) {
      const { client } = tenant(tenantId).program;
      const [job, live] = await Promise.all([scoreBatch(client, GOLDEN, 250), predict(client, golden(at))]);
      expect(job).toMatchObject({ status: 'succeeded', progress: { shards: 4, rows: GOLDEN_ROWS, rowErrors: 0 } });
      const lines = await linesAt(job.output!.url);
      expect(lines.map(({ row }) => Number(row))).toEqual(golden(at).map((_row, index) => index));
      expect(lines.map((line) => Number(line['label']))).toEqual(live.map(({ label }) => label));
      expect(lines.map((line) => Math.fround(Number(line['probability'])))).toEqual(
        live.map(({ probability }) => Math.fround(probability)),
      );
    }
  });

  let asked = 0;
  const keyed = (key: string): Promise<number> => {
    asked++;
    return versionFor(tenant(LARGE).program.client, golden(0)[0]!, key);
  };
  const byRollout = () => ({ params: { rolloutId: onTrial.rolloutId } });
  let onTrial: Rollout;

  step('tries the next version on a share of the requests, each canary key always with the same', async () => {
    const again = await train({ ...cast, tenants: [tenant(LARGE)] });
    expect(again.members).toMatchObject([{ tenantId: LARGE, status: 'succeeded' }]);
    const trial = { mode: 'canary', percent: 40 } as const;
    onTrial = await tryVersion(cast, tenant(LARGE), { version: 2, trial });
    expect(onTrial).toMatchObject({ status: 'progressing', trial, previousVersion: 1 });
    const keys = Array.from({ length: 40 }, (_none, at) => `person ${at}`);
    const ask = async (): Promise<readonly number[]> => Promise.all(keys.map(keyed));
    const versions = await eventually(async () => {
      const answered = await ask();
      if (!answered.includes(2)) throw new Error('nobody meets version 2');
      return answered;
    });
    expect(versions).toContain(1);
    expect(await ask()).toEqual(versions);
  });

  step('lets a shadow answer nobody, and says how its answers compare', async () => {
    const deciding = cast.admin.in(LARGE);
    const body = { mode: 'shadow', percent: 100 } as const;
    const flip = await flipTo(1, keyed, () => deciding.call(deployerRoutes.changeTrial, { ...byRollout(), body }));
    expect(flip.failures).toEqual([]);
    await eventually(async () => {
      await keyed('anybody');
      const { trial } = await deciding.call(servingRoutes.explainServing, { query: { model: MODEL } });
      expect(trial).toMatchObject({ mode: 'shadow', tried: { version: 2 }, comparison: { failed: 0 } });
      expect(trial!.comparison.compared).toBeGreaterThan(0);
    });
  });

  step('lets the tried version take over, and the one before come back, without a failed request', async () => {
    const deciding = cast.admin.in(LARGE);
    const taken = await flipTo(2, keyed, () =>
      deciding.call(deployerRoutes.promoteTrial, { ...byRollout(), body: { reason: 'as good' } }),
    );
    const back = await flipTo(1, keyed, () =>
      deciding.call(deployerRoutes.rollbackRollout, { ...byRollout(), body: { reason: 'not as good' } }),
    );
    console.log(`promoted in ${taken.ms.toFixed(0)} ms, rolled back in ${back.ms.toFixed(0)} ms`);
    expect([...taken.failures, ...back.failures]).toEqual([]);
  });

  step('writes down what each tenant used, and nothing of what a shadow was asked', async () => {
    await eventually(
      async () => {
        const { items } = await cast.admin.call(deployerRoutes.listCosts, { query: { pageSize: 500 } });
        const used = new Map(items.map((cost) => [cost.tenantId, cost]));
        expect(used.get(LARGE)).toMatchObject({ batchRows: GOLDEN_ROWS, predictionRows: GOLDEN_ROWS + 5 + asked });
        expect(used.get(OTHER)).toMatchObject({ batchRows: GOLDEN_ROWS, predictionRows: GOLDEN_ROWS });
        expect(used.get(LARGE)?.trainingCpuSeconds).toBeGreaterThan(0);
        expect(used.get(TINY)?.predictionRows ?? 0).toBe(0);
      },
      { timeoutMs: 30_000, intervalMs: 250 },
    );
  });

  step('keeps the audit chain of every tenant whole', async () => {
    for (const tenantId of [PLATFORM, LARGE, OTHER, TINY]) {
      const verified = await mesh.admin.in(tenantId).call(authRoutes.verifyAudit);
      expect(verified).toMatchObject({ valid: true, broken: null });
      expect(verified.records).toBeGreaterThan(0);
    }
  });

  step('has lost nothing, done nothing twice, and left nothing behind', async () => {
    expect(await brokenInvariants(mesh)).toEqual([]);
  });

  step('would show every way in which that could be untrue', async () => {
    expect(await unseenFlaws(mesh)).toEqual([]);
  });

  step('makes a purged tenant unreadable for ever, even with its bytes at hand, and leaves the others be', async () => {
    const { program } = tenant(OTHER);
    const version = { params: { name: MODEL, version: 1 } };
    const { artifactDigest } = await cast.admin.in(OTHER).call(registryRoutes.getModelVersion, version);
    const { receipt, refusal, left } = await purgeTenant(mesh, cast, { tenantId: OTHER, digest: artifactDigest });
    expect(receipt!.objects).toBeGreaterThan(2);
    expect(left).toEqual([]);
    expect({ refusal, ...receipt!.keys }).toMatchObject({ refusal: 'storage.key_destroyed', versions: 1 });
    await expect(program.client.call(authRoutes.getMe)).rejects.toThrow(Refused);
    await eventually(
      async () => {
        const { items } = await cast.admin.call(deployerRoutes.listPlacements, { query: { pageSize: 500 } });
        const active = items.filter(({ status }) => status === 'active').map(({ tenantId }) => tenantId);
        expect(new Set(active)).toEqual(new Set([LARGE]));
      },
      { timeoutMs: 15_000 },
    );
    expect(await predict(tenant(LARGE).program.client, golden(0).slice(0, 5))).toHaveLength(5);
  });
});
