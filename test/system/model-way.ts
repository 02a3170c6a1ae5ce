import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authRoutes,
  batchRoutes,
  type RouteResponse,
  evaluatorRoutes,
  registryRoutes,
  trainingRoutes,
} from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { type Cast, PLATFORM, type Tenant, onceHeard, orThereIs } from './cast.js';
import type { Client } from './client.js';
import { FEATURES, LABEL, type MachineRow, csvOf, inferBody } from './tables.js';

/** Application, recipe, suite and every tenant's model have one name. */
export const MODEL = 'machine-failure';
export const TRAINING = 'machines';
export const GOLDEN = 'machines-golden';
const WAIT = { timeoutMs: Number(process.env['MYRIAD_TEST_WAIT_MS'] ?? 120_000), intervalMs: 150 };

export type FleetRun = RouteResponse<typeof trainingRoutes.getFleetRun>;
export type Campaign = RouteResponse<typeof evaluatorRoutes.getCampaign>;
export type Approval = RouteResponse<typeof authRoutes.getApproval>;
export type BatchJob = RouteResponse<typeof batchRoutes.getBatchJob>;

/** Makes the dataset when it is not there, and commits these bytes as a version. */
export async function commitRows(
  client: Client,
  name: string,
  rows: readonly MachineRow[],
): Promise<RouteResponse<typeof registryRoutes.getDatasetVersion>> {
  await orThereIs(() => client.call(registryRoutes.createDataset, { body: { name } }));
  const answer = await client.send({
    method: 'PUT',
    path: `/v1/datasets/${name}/content?format=csv`,
    headers: { 'content-type': 'text/csv' },
    body: csvOf(rows),
  });
  if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${answer.text}`);
  return registryRoutes.getDatasetVersion.response.parse(JSON.parse(answer.text));
}

/** The scientist asks for the use of a tenant's datasets, the tenant's own steward approves. */
export async function obtainGrants({ scientist }: Cast, tenant: Tenant): Promise<void> {
  const wanted = [
    { datasetName: TRAINING, purpose: 'training' },
    { datasetName: GOLDEN, purpose: 'evaluation' },
  ] as const;
  const asker = scientist.client.in(tenant.tenantId);
  await Promise.all(
    wanted.map(async (body) => {
      const { grantId } = await asker.call(registryRoutes.requestGrant, {
        body: { ...body, justification: 'a model of your own machines, for you alone' },
      });
      await approve(tenant.steward.client, await pendingApproval(tenant.steward.client, grantId));
      await eventually(async () => {
        const { status } = await asker.call(registryRoutes.getGrant, { params: { grantId } });
        if (status !== 'active') throw new Error(`the grant is ${status}`);
      }, WAIT);
    }),
  );
}

/** The approval of a thing, which is opened a moment after it was asked for. */
export function pendingApproval(client: Client, subjectId: string): Promise<Approval> {
  return eventually(async () => {
    const { items } = await client.call(authRoutes.listApprovals, { query: { subjectId, status: 'pending' } });
    const [approval] = items;
    if (!approval) throw new Error(`nothing is to be approved for ${subjectId}`);
    return approval;
  }, WAIT);
}

/** Approves what the approval shows. */
export async function approve(client: Client, { approvalId, evidenceDigest }: Approval): Promise<void> {
  const body = { decision: 'approved', evidenceDigest, comment: 'looked at' } as const;
  await client.call(authRoutes.decideApproval, { params: { approvalId }, body }).catch(async (error: unknown) => {
    const { status } = await client.call(authRoutes.getApproval, { params: { approvalId } });
    if (status !== 'approved') throw error;
  });
}

/** Adds the recipe, the suite and the application. */
export async function describeApplication({ scientist }: Cast): Promise<void> {
  const platform = scientist.client.in(PLATFORM);
  const features = FEATURES.map((feature) => ({ ...feature }));
  const source = readFileSync(join(import.meta.dirname, 'recipe.py'), 'utf8');
  await platform.call(trainingRoutes.createRecipe, { body: { name: MODEL, source } });
  await platform.call(evaluatorRoutes.createSuite, {
    body: {
      name: MODEL,
      task: 'binary-classification',
      features,
      label: LABEL,
      goldenDataset: GOLDEN,
      generators: [
        { kind: 'noise', copies: 1, scale: 0.1 },
        { kind: 'missing', copies: 1 },
      ],
      thresholds: [
        { metric: 'auc', appliesTo: 'golden', min: 0.6 },
        { metric: 'auc', appliesTo: 'randomized', maxDrop: 0.15 },
      ],
      minRows: 300,
    },
  });
  await orThereIs(() =>
    platform.call(registryRoutes.createApplication, {
      body: { name: MODEL, task: 'binary-classification', features, label: LABEL, recipe: MODEL, suite: MODEL },
    }),
  );
}

/** One fleet run over all tenants, until each has an outcome. */
export async function train({ scientist, tenants }: Cast): Promise<FleetRun> {
  const platform = scientist.client.in(PLATFORM);
  const body = { application: MODEL, datasetName: TRAINING, tenants: tenants.map(({ tenantId }) => tenantId) };
  const { fleetRunId } = await onceHeard(() => platform.call(trainingRoutes.createFleetRun, { body }));
  return eventually(async () => {
    const run = await platform.call(trainingRoutes.getFleetRun, { params: { fleetRunId } });
    if (run.status === 'queued' || run.status === 'running') throw new Error(JSON.stringify(run));
    return run;
  }, WAIT);
}

/** Collects the evidence on the run's versions, and asks for the approval of it. */
export async function proposeCampaign({ scientist }: Cast, run: FleetRun): Promise<Campaign> {
  const platform = scientist.client.in(PLATFORM);
  const { campaignId } = await onceHeard(() =>
    platform.call(evaluatorRoutes.createCampaign, {
      body: { application: MODEL, fleetRunId: run.fleetRunId, environments: ['engineering', 'production'] },
    }),
  );
  await campaignIn(
    platform,
    campaignId,
    ({ members }) => members.length === run.counts.total && members.every(({ state }) => state !== 'evaluating'),
  );
  await platform.call(evaluatorRoutes.submitCampaign, { params: { campaignId } }).catch(async (error: unknown) => {
    const { status } = await platform.call(evaluatorRoutes.getCampaign, { params: { campaignId } });
    if (status !== 'awaiting-approval') throw error;
  });
  return campaignIn(platform, campaignId, ({ status }) => status === 'awaiting-approval');
}

/** Waits until the campaign has ended. */
export function endOfCampaign({ scientist }: Cast, { campaignId }: Campaign): Promise<Campaign> {
  const over = ['completed', 'halted', 'rejected', 'cancelled'];
  return campaignIn(scientist.client.in(PLATFORM), campaignId, ({ status }) => over.includes(status));
}

function campaignIn(client: Client, campaignId: string, isThere: (campaign: Campaign) => boolean): Promise<Campaign> {
  return eventually(async () => {
    const campaign = await client.call(evaluatorRoutes.getCampaign, { params: { campaignId } });
    if (!isThere(campaign)) throw new Error(JSON.stringify(campaign));
    return campaign;
  }, WAIT);
}

/** From the data of each tenant to its model in production. */
export async function bringToProduction(cast: Cast): Promise<{ run: FleetRun; campaign: Campaign }> {
  const run = await train(cast);
  const proposed = await proposeCampaign(cast, run);
  await approve(cast.approver.client, await pendingApproval(cast.approver.client, proposed.campaignId));
  return { run, campaign: await endOfCampaign(cast, proposed) };
}

export interface Prediction {
  readonly label: number;
  readonly probability: number;
}

/** Asks the tenant's live model, in one request. */
export async function predict(client: Client, rows: readonly MachineRow[]): Promise<readonly Prediction[]> {
  const answer = await client.send({
    method: 'POST',
    path: `/v2/models/${MODEL}/infer`,
    headers: { 'content-type': 'application/json' },
    body: inferBody(rows),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text.slice(0, 500)}`);
  const { outputs } = JSON.parse(answer.text) as { outputs: { name: string; data: number[] }[] };
  const of = (name: string): number[] => outputs.find((output) => output.name === name)?.data ?? [];
  const [labels, probabilities] = [of('label'), of('probability')];
  return labels.map((label, at) => ({ label, probability: probabilities[at] ?? NaN }));
}

/** Scores a dataset by the live model; resolves when the job has ended. */
export async function scoreBatch(client: Client, datasetName: string, shardRows: number): Promise<BatchJob> {
  const { batchJobId } = await onceHeard(() =>
    client.call(batchRoutes.createBatchJob, { body: { modelName: MODEL, dataset: { name: datasetName }, shardRows } }),
  );
  return eventually(async () => {
    const job = await client.call(batchRoutes.getBatchJob, { params: { batchJobId } });
    if (job.status === 'queued' || job.status === 'running') throw new Error(JSON.stringify(job));
    return job;
  }, WAIT);
}

/** The lines of a CSV file behind a presigned URL, each by its columns; for files without quoting. */
export async function linesAt(url: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const [header = '', ...lines] = (await response.text()).trimEnd().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
  });
}
