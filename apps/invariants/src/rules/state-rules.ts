import type { Rule } from '../rule.js';
import type { DatabaseName, World } from '../world.js';

interface Stuck extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly id: string;
  readonly state: string;
}

interface Question {
  readonly database: DatabaseName;
  readonly what: string;
  /** Rows of {@link Stuck}: what a service would have to move on by itself. */
  readonly sql: string;
}

/** Where things are that somebody works on; at rest there are none. */
const AT_WORK: readonly Question[] = [
  {
    database: 'training',
    what: 'job',
    sql: `select tenant_id, job_id as id, status as state from job where status in ('queued', 'running')`,
  },
  {
    database: 'training',
    what: 'run',
    sql: `select tenant_id, run_id as id, status as state from run where status in ('queued', 'running') and job_id is not null`,
  },
  {
    database: 'training',
    what: 'fleet run',
    sql: `select tenant_id, fleet_run_id as id, status as state from fleet_run where status in ('queued', 'running')`,
  },
  {
    database: 'registry',
    what: 'version',
    sql: `select tenant_id, version_id as id, status as state from model_version where status = 'pending' and deleted_at is null`,
  },
  {
    database: 'evaluator',
    what: 'evaluation',
    sql: `select tenant_id, evaluation_id as id, status as state from evaluation where status in ('queued', 'running')`,
  },
  {
    database: 'evaluator',
    what: 'promotion',
    sql: `select tenant_id, promotion_id as id, status as state from promotion where status in ('approved', 'rolling-out')`,
  },
  {
    database: 'evaluator',
    what: 'campaign',
    sql: `select tenant_id, campaign_id as id, status as state from campaign where status in ('approved', 'rolling-out')
          or (is_open and status = 'collecting' and body @> '{"members": [{"state": "evaluating"}]}')
          or (is_open and status in ('halted', 'cancelled'))`,
  },
  {
    database: 'deployer',
    what: 'rollout',
    sql: `select tenant_id, rollout_id as id, status as state from rollout where status = 'progressing'`,
  },
  {
    database: 'deployer',
    what: 'pool with models',
    sql: `select tenant_id, environment || '/' || pool as id, status as state from pool p where status <> 'ready'
          and exists (select from placement m where m.environment = p.environment and m.pool = p.pool and m.status = 'active')`,
  },
  {
    database: 'batch',
    what: 'batch job',
    sql: `select tenant_id, batch_job_id as id, status as state from batch_job where status in ('queued', 'running')`,
  },
  {
    database: 'batch',
    what: 'batch job with parts left',
    sql: `select tenant_id, batch_job_id as id, status as state from batch_job where status not in ('queued', 'running') and has_parts`,
  },
];

const nothingStuck: Rule = {
  name: 'nothing-stuck',
  promise: 'Nothing is on its way that nobody moves on.',
  breaches: async (world) => {
    const found = await Promise.all(
      AT_WORK.map(async ({ database, what, sql }) => {
        const rows = await world.rows<Stuck>(database, sql);
        return rows.map(({ tenant_id, id, state }) => `${database}: ${what} ${id} of ${tenant_id} is ${state}`);
      }),
    );
    return found.flat();
  },
};

/** What waits for a person, by the kind of its approval. */
const WAITING: Readonly<Record<string, { readonly database: DatabaseName; readonly sql: string }>> = {
  grant: { database: 'registry', sql: `select grant_id as id from dataset_grant where status = 'pending'` },
  'version-review': {
    database: 'registry',
    sql: `select version_id as id from model_version where status = 'awaiting-review'`,
  },
  promotion: {
    database: 'evaluator',
    sql: `select promotion_id as id from promotion where status = 'awaiting-approval'`,
  },
  campaign: { database: 'evaluator', sql: `select campaign_id as id from campaign where status = 'awaiting-approval'` },
};

const approvalsMatch: Rule = {
  name: 'approvals-match',
  promise: 'What waits for a person has an open approval, and each open approval has something that waits for it.',
  breaches: async (world) => {
    const found = await Promise.all(Object.entries(WAITING).map(([kind, place]) => unmatched(world, kind, place)));
    return found.flat();
  },
};

async function unmatched(
  world: World,
  kind: string,
  { database, sql }: { readonly database: DatabaseName; readonly sql: string },
): Promise<readonly string[]> {
  const waiting = new Set((await world.rows<{ id: string }>(database, sql)).map(({ id }) => id));
  const open = await world.rows<{ id: string }>(
    'auth',
    `select subject_id as id from approval where kind = $1 and status = 'pending'`,
    [kind],
  );
  const asked = new Set(open.map(({ id }) => id));
  return [
    ...[...waiting].filter((id) => !asked.has(id)).map((id) => `${kind} ${id} waits, but no approval is open for it`),
    ...[...asked]
      .filter((id) => !waiting.has(id))
      .map((id) => `an approval is open for ${kind} ${id}, which waits not`),
  ];
}

export const stateRules: readonly Rule[] = [nothingStuck, approvalsMatch];
