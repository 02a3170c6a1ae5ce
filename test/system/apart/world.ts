import {
  authRoutes,
  batchRoutes,
  deployerRoutes,
  evaluatorRoutes,
  registryRoutes,
  trainingRoutes,
} from '@myriad/contracts';
import { type Actor, type Cast, type Tenant, addActor, assembleCast, binding, onceHeard } from '../cast.js';
import { eventually } from '@myriad/testing';
import type { Mesh } from '../mesh.js';
import {
  GOLDEN,
  MODEL,
  TRAINING,
  bringToProduction,
  commitRows,
  describeApplication,
  obtainGrants,
  predict,
} from '../model-way.js';
import { machineRows } from '../tables.js';
import type { Names } from './ask.js';
import { marksIn } from './marks.js';
import type { Kind } from './places.js';

/** Three tenants: one whose things others try to reach, one that has things of the same names, and one that has nothing but the right to do everything. */
export interface World {
  readonly mesh: Mesh;
  readonly owner: Tenant;
  readonly twin: Tenant;
  readonly stranger: Tenant;
  /** Hold every permission there is, each in one tenant only. */
  readonly twinsAll: Actor;
  readonly strangersAll: Actor;
  /** One of each kind of the owner's things. */
  readonly owners: Names;
  /** Such names as nobody has. */
  readonly nobodys: Names;
  /** Those that the stranger has. */
  readonly strangers: Names;
  /** Ids that every tenant may meet: the platform's people, and what they did for several tenants at once. */
  readonly common: readonly string[];
}

const EXPERIMENT = 'tuning-4711';
const TRACKED_FILE = 'notes-4711';
const OTHER = 'other-4711';

export async function makeWorld(mesh: Mesh): Promise<World> {
  const all = await assembleCast(mesh.admin, ['acme-4711', 'apex-4711', 'bolt-4711']);
  const [owner, twin, stranger] = all.tenants as [Tenant, Tenant, Tenant];
  await Promise.all(all.tenants.map((tenant) => letThrough(mesh, tenant)));
  const cast = { ...all, tenants: [owner, twin] };
  for (const [at, tenant] of cast.tenants.entries()) {
    await commitRows(tenant.program.client, TRAINING, machineRows(1_200, 1 + 7_000 * at));
    await commitRows(tenant.program.client, GOLDEN, machineRows(900, 500 + 7_000 * at));
    await obtainGrants(cast, tenant);
  }
  await commitRows(stranger.program.client, OTHER, machineRows(10, 2));
  await describeApplication(cast);
  const { run, campaign } = await bringToProduction(cast);
  const everything = (tenant: Tenant): Promise<Actor> =>
    addActor(mesh.admin.in(tenant.tenantId), 'may all', [binding('platform-admin', tenant.tenantId)]);
  const owners = { ...(await thingsOf(owner, cast)), fleetRun: run.fleetRunId, campaign: campaign.campaignId };
  for (const { program } of cast.tenants)
    await eventually(() => predict(program.client, machineRows(1, 3)), { timeoutMs: 60_000 });
  const [twinsAll, strangersAll] = await Promise.all([everything(twin), everything(stranger)]);
  return {
    mesh,
    common: await commonOf(cast, owners, run.fleetRunId),
    owner,
    twin,
    stranger,
    twinsAll,
    strangersAll,
    owners,
    nobodys: nobodysOf(owners),
    strangers: {
      tenant: stranger.tenantId,
      principal: stranger.program.principalId,
      principalName: 'planner',
      dataset: OTHER,
    },
  };
}

async function commonOf({ admin, scientist, approver }: Cast, owners: Names, fleetRunId: string): Promise<string[]> {
  const { principalId } = await admin.call(authRoutes.getMe);
  const ofRun = await admin.call(trainingRoutes.listJobs);
  const ofApplication = await admin.call(registryRoutes.getApplication, { params: { name: MODEL } });
  const ofSuite = await admin.call(evaluatorRoutes.getSuite, { params: { name: MODEL } });
  const ofRecipe = await admin.call(trainingRoutes.getRecipe, { params: { name: MODEL } });
  return [
    ...[principalId, scientist.principalId, approver.principalId, fleetRunId, owners.campaign ?? ''],
    ...ofRun.items.map(({ jobId }) => jobId),
    ...marksIn(JSON.stringify([ofApplication, ofSuite, ofRecipe])),
    `sha256:${'0'.repeat(64)}`,
  ];
}

/** Everybody asks for much in a short time here. */
async function letThrough({ admin }: Mesh, { tenantId }: Tenant): Promise<void> {
  const rateLimit = { requestsPerSecond: 100_000, burst: 100_000 };
  await admin.in('platform').call(authRoutes.updateTenant, { params: { tenantId }, body: { rateLimit } });
}

async function thingsOf({ tenantId, steward, program }: Tenant, { admin }: Cast): Promise<Names> {
  const { client } = steward;
  const { jobId } = await client.call(trainingRoutes.createJob, {
    body: { recipe: MODEL, modelName: 'own', application: MODEL, datasets: [{ name: TRAINING }] },
  });
  const { experimentId } = await client.call(trainingRoutes.createExperiment, { body: { name: EXPERIMENT } });
  const uploaded = await client.send({
    method: 'PUT',
    path: `/api/2.0/mlflow-artifacts/artifacts/${TRACKED_FILE}`,
    headers: { 'content-type': 'text/plain' },
    body: 'kept',
  });
  if (uploaded.status !== 200) throw new Error(uploaded.text);
  const logged = await client.send({
    method: 'POST',
    path: '/api/2.0/mlflow/logged-models',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_id: experimentId }),
  });
  const { model } = JSON.parse(logged.text) as { model: { info: { model_id: string } } };
  const { runId } = await client.call(trainingRoutes.createRun, { body: { experiment: EXPERIMENT } });
  await client.call(trainingRoutes.logRunMetrics, {
    params: { runId },
    body: { metrics: [{ name: 'auc', value: 0.5 }] },
  });
  const batch = await onceHeard(() =>
    client.call(batchRoutes.createBatchJob, { body: { modelName: MODEL, dataset: { name: GOLDEN } } }),
  );
  const [keys, grants, approvals, evaluations, rollouts, file, version] = await Promise.all([
    client.call(authRoutes.listKeys, { query: { principalId: program.principalId } }),
    client.call(registryRoutes.listGrants),
    client.call(authRoutes.listApprovals),
    client.call(evaluatorRoutes.listEvaluations),
    admin.call(deployerRoutes.listRollouts),
    client.call(registryRoutes.getDatasetVersion, { params: { name: TRAINING, version: 1 } }),
    client.call(registryRoutes.getModelVersion, { params: { name: MODEL, version: 1 } }),
  ]);
  const promotion = await client.call(evaluatorRoutes.requestPromotion, {
    body: { modelName: MODEL, version: 1, environment: 'applied-science' },
  });
  const approval = approvals.items[0]!;
  const key = keys.items[0]!;
  return {
    tenant: tenantId,
    principal: program.principalId,
    principalName: 'planner',
    key: key.keyId,
    keyPrefix: key.prefix,
    approval: approval.approvalId,
    subject: approval.subjectId,
    evidence: approval.evidenceDigest,
    dataset: TRAINING,
    datasetFile: file.digest,
    grant: grants.items[0]!.grantId,
    model: MODEL,
    artifact: version.artifactDigest,
    job: jobId,
    run: runId,
    experiment: EXPERIMENT,
    experimentId,
    trackedFile: TRACKED_FILE,
    loggedModel: model.info.model_id,
    evaluation: evaluations.items[0]!.evaluationId,
    promotion: promotion.promotionId,
    rollout: rollouts.items.find((one) => one.tenantId === tenantId)!.rolloutId,
    batchJob: batch.batchJobId,
    // only operators of the platform ask by it, and nothing went wrong here
    deadLetter: 'bm9uZQ',
    application: MODEL,
    recipe: MODEL,
    suite: MODEL,
    environment: 'production',
    alias: 'champion',
    version: '1',
  };
}

/** Names of the same form that nobody has; the shared ones stay. */
function nobodysOf(owners: Names): Names {
  const entries = Object.entries(owners) as [Kind, string][];
  return Object.fromEntries(
    entries.map(([kind, name]) => {
      if (['application', 'recipe', 'suite', 'environment', 'alias', 'version'].includes(kind)) return [kind, name];
      if (name.startsWith('sha256:')) return [kind, `sha256:${'0123456789abcdef'.repeat(4)}`];
      return [kind, `${name.slice(0, -4)}zzzz`];
    }),
  );
}
