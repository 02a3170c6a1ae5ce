import { deployerRoutes, evaluatorRoutes, type RouteResponse } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { type Cast, type Tenant, onceHeard } from './cast.js';
import type { Client } from './client.js';
import { MODEL, approve, pendingApproval } from './model-way.js';
import { type MachineRow, inferBody } from './tables.js';

const WAIT = { timeoutMs: 60_000, intervalMs: 100 };

export type Rollout = RouteResponse<typeof deployerRoutes.getRollout>;
export type Trial = NonNullable<Rollout['trial']>;

/** Proves a version and has it tried in production beside the one that answers; resolves once a replica has it in memory. */
export async function tryVersion(
  { scientist }: Cast,
  tenant: Tenant,
  { version, trial }: { readonly version: number; readonly trial: Trial },
): Promise<Rollout> {
  const asker = scientist.client.in(tenant.tenantId);
  const { evaluationId } = await onceHeard(() =>
    asker.call(evaluatorRoutes.createEvaluation, { body: { modelName: MODEL, version } }),
  );
  await eventually(async () => {
    const { verdict } = await asker.call(evaluatorRoutes.getEvaluation, { params: { evaluationId } });
    if (verdict !== 'pass') throw new Error(`the verdict is ${verdict}`);
  }, WAIT);
  const { promotionId } = await asker.call(evaluatorRoutes.requestPromotion, {
    body: { modelName: MODEL, version, environment: 'production', trial },
  });
  await approve(tenant.steward.client, await pendingApproval(tenant.steward.client, promotionId));
  return eventually(async () => {
    const { items } = await asker.call(deployerRoutes.listRollouts, { query: { environment: 'production' } });
    const rollout = items.find((one) => one.modelName === MODEL && one.version === version);
    if (rollout?.conditions.at(-1)?.reason !== 'OnTrial') throw new Error(JSON.stringify(rollout));
    return rollout;
  }, WAIT);
}

/** Which version answers a request with that canary key. @throws when none does. */
export async function versionFor(client: Client, row: MachineRow, key: string): Promise<number> {
  const answer = await client.send({
    method: 'POST',
    path: `/v2/models/${MODEL}/infer`,
    headers: { 'content-type': 'application/json', 'x-canary-key': key },
    body: inferBody([row]),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text.slice(0, 500)}`);
  return Number((JSON.parse(answer.text) as { model_version: string }).model_version);
}

/** What was answered while a placement changed. */
export interface Flip {
  /** From asking for the change until the last answer of another version, milliseconds. */
  readonly ms: number;
  readonly answers: number;
  /** Requests that no version answered. */
  readonly failures: readonly string[];
}

/** Asks for predictions without a pause while `change` runs and until only `version` answers, each canary key once a round. */
export async function flipTo(
  version: number,
  ask: (key: string) => Promise<number>,
  change: () => Promise<unknown>,
): Promise<Flip> {
  const keys = Array.from({ length: 8 }, (_none, at) => `key ${at}`);
  const failures: string[] = [];
  let answers = 0;
  const round = async (): Promise<boolean> => {
    let isFlipped = true;
    for (const key of keys) {
      const answered = await ask(key).catch((error: unknown) => failures.push(String(error)) * NaN);
      answers++;
      isFlipped &&= answered === version;
    }
    return isFlipped;
  };
  await round();
  const fromMs = performance.now();
  let lastOtherMs = fromMs;
  const changed = change();
  for (;;) {
    const isFlipped = await round();
    if (!isFlipped) lastOtherMs = performance.now();
    if (performance.now() - lastOtherMs > 500) break;
    if (performance.now() - fromMs > 30_000) throw new Error(`version ${version} did not take over within 30 s`);
  }
  await changed;
  return { ms: lastOtherMs - fromMs, answers, failures };
}
