import { promotionApprovedV1 } from '@myriad/contracts';
import type { Rule } from '../rule.js';
import { DATABASES, type DatabaseName, type World } from '../world.js';

/** Rows that name something, and rows that are it: both say `tenant_id` and `id`. */
interface Reference {
  readonly from: DatabaseName;
  readonly what: string;
  readonly sql: string;
  readonly to: DatabaseName;
  readonly target: string;
}

interface Named extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly id: string;
  /** Who names it. */
  readonly by?: string;
}

const VERSIONS = { to: 'registry', target: 'select tenant_id, version_id as id from model_version' } as const;
const DATASETS = {
  to: 'registry',
  target: `select tenant_id, dataset_name || '@' || version || ' ' || digest as id from dataset_version`,
} as const;
const FLEET_RUNS = { to: 'training', target: `select '' as tenant_id, fleet_run_id as id from fleet_run` } as const;
const APPROVALS = { to: 'auth', target: `select '' as tenant_id, approval_id as id from approval` } as const;

const REFERENCES: readonly Reference[] = [
  {
    from: 'registry',
    what: 'the run of a version',
    sql: 'select tenant_id, run_id as id, version_id as by from model_version where run_id is not null',
    to: 'training',
    target: `select tenant_id, run_id as id from run where status = 'succeeded'`,
  },
  {
    from: 'training',
    what: 'the version of a run that succeeded with a model',
    sql: `select tenant_id, run_id as id, run_id as by from run where status = 'succeeded' and artifact_digest is not null and model_name is not null and job_id is not null`,
    to: 'registry',
    target: 'select tenant_id, run_id as id from model_version where run_id is not null',
  },
  {
    from: 'training',
    what: 'the job of a run',
    sql: `select '' as tenant_id, job_id as id, run_id as by from run where job_id is not null`,
    to: 'training',
    target: `select '' as tenant_id, job_id as id from job`,
  },
  {
    from: 'training',
    what: 'the fleet run of a run',
    sql: `select '' as tenant_id, fleet_run_id as id, run_id as by from run where fleet_run_id is not null`,
    ...FLEET_RUNS,
  },
  {
    from: 'training',
    what: 'the fleet run of a job',
    sql: `select '' as tenant_id, fleet_run_id as id, job_id as by from job where fleet_run_id is not null`,
    ...FLEET_RUNS,
  },
  {
    from: 'training',
    what: 'an input of a run',
    sql: `select tenant_id, (i->>'name') || '@' || (i->>'version') || ' ' || (i->>'digest') as id, run_id as by from run, jsonb_array_elements(inputs) as i where job_id is not null`,
    ...DATASETS,
  },
  {
    from: 'training',
    what: 'the run of a metric',
    sql: 'select distinct tenant_id, run_id as id, run_id as by from run_metric',
    to: 'training',
    target: 'select tenant_id, run_id as id from run',
  },
  {
    from: 'training',
    what: 'the recipe of a fleet run',
    sql: `select '' as tenant_id, recipe || '@' || recipe_version as id, fleet_run_id as by from fleet_run`,
    to: 'training',
    target: `select '' as tenant_id, name || '@' || version as id from recipe`,
  },
  {
    from: 'registry',
    what: 'the data of a version',
    sql: `select tenant_id, d as id, version_id as by from model_version, jsonb_array_elements_text(coalesce(lineage->'datasetDigests', '[]')) as d`,
    to: 'registry',
    target: 'select tenant_id, digest as id from dataset_version',
  },
  {
    from: 'registry',
    what: 'the version of an alias',
    sql: 'select tenant_id, version_id as id, alias as by from model_alias',
    ...VERSIONS,
  },
  {
    from: 'evaluator',
    what: 'the version of an evaluation',
    sql: 'select tenant_id, version_id as id, evaluation_id as by from evaluation',
    ...VERSIONS,
  },
  {
    from: 'evaluator',
    what: 'the suite of an evaluation',
    sql: `select '' as tenant_id, suite || '@' || suite_version as id, evaluation_id as by from evaluation`,
    to: 'evaluator',
    target: `select '' as tenant_id, name || '@' || version as id from suite`,
  },
  {
    from: 'evaluator',
    what: 'the version of a promotion',
    sql: 'select tenant_id, version_id as id, promotion_id as by from promotion',
    ...VERSIONS,
  },
  {
    from: 'evaluator',
    what: 'the evidence of a promotion',
    sql: 'select tenant_id, evidence_digest as id, promotion_id as by from promotion',
    to: 'evaluator',
    target: 'select tenant_id, evidence_digest as id from evaluation where evidence_digest is not null',
  },
  {
    from: 'evaluator',
    what: 'the approval of a promotion',
    sql: `select '' as tenant_id, approval_id as id, promotion_id as by from promotion where approval_id is not null`,
    ...APPROVALS,
  },
  {
    from: 'evaluator',
    what: 'the approval of a campaign',
    sql: `select '' as tenant_id, body->>'approvalId' as id, campaign_id as by from campaign where body->>'approvalId' is not null`,
    ...APPROVALS,
  },
  {
    from: 'evaluator',
    what: 'the fleet run of a campaign',
    sql: `select '' as tenant_id, body->>'fleetRunId' as id, campaign_id as by from campaign`,
    ...FLEET_RUNS,
  },
  {
    from: 'evaluator',
    what: "the version of a campaign's member",
    sql: `select m->>'tenantId' as tenant_id, m->>'versionId' as id, campaign_id as by from campaign, jsonb_array_elements(body->'members') as m where m->>'versionId' is not null`,
    ...VERSIONS,
  },
  {
    from: 'evaluator',
    what: "the evidence of a campaign's member",
    sql: `select m->>'tenantId' as tenant_id, m->>'evidenceDigest' as id, campaign_id as by from campaign, jsonb_array_elements(body->'members') as m where m->>'evidenceDigest' is not null`,
    to: 'evaluator',
    target: 'select tenant_id, evidence_digest as id from evaluation where evidence_digest is not null',
  },
  {
    from: 'deployer',
    what: 'the version of a placement',
    sql: `select tenant_id, served->>'versionId' as id, environment || '/' || model_name as by from placement`,
    ...VERSIONS,
  },
  {
    from: 'deployer',
    what: 'the rollout of a placement',
    sql: `select tenant_id, rollout_id as id, environment || '/' || model_name as by from placement`,
    to: 'deployer',
    target: 'select tenant_id, rollout_id as id from rollout',
  },
  {
    from: 'deployer',
    what: 'the pool of an active placement',
    sql: `select '' as tenant_id, environment || '/' || pool as id, tenant_id || '/' || model_name as by from placement where status = 'active'`,
    to: 'deployer',
    target: `select '' as tenant_id, environment || '/' || pool as id from pool`,
  },
  {
    from: 'batch',
    what: 'the version of a batch job',
    sql: `select tenant_id, spec->'model'->>'versionId' as id, batch_job_id as by from batch_job`,
    ...VERSIONS,
  },
  {
    from: 'batch',
    what: 'the dataset of a batch job',
    sql: `select tenant_id, (spec->'dataset'->>'name') || '@' || (spec->'dataset'->>'version') || ' ' || (spec->'dataset'->>'digest') as id, batch_job_id as by from batch_job`,
    ...DATASETS,
  },
];

const placeOf = ({ tenant_id, id }: Named): string => `${tenant_id} ${id}`;

async function dangling(world: World, { from, what, sql, to, target }: Reference): Promise<readonly string[]> {
  const [naming, there] = await Promise.all([world.rows<Named>(from, sql), world.rows<Named>(to, target)]);
  const known = new Set(there.map(placeOf));
  return naming
    .filter((row) => !known.has(placeOf(row)))
    .map((row) => `${from}: ${what} (${String(row.by)}) is ${placeOf(row).trim()}, which ${to} does not have`);
}

const referencesResolve: Rule = {
  name: 'references-resolve',
  promise: 'Whatever a service names of its own or of another service is there.',
  breaches: async (world) => {
    const found = await Promise.all(REFERENCES.map((reference) => dangling(world, reference)));
    return [...found.flat(), ...(await rolloutsWithoutPromotion(world))];
  },
};

/** The evaluator approves promotions by event; a campaign's have no row of their own. */
async function rolloutsWithoutPromotion(world: World): Promise<readonly string[]> {
  const approved = new Set((await world.logContent()).of(promotionApprovedV1).map(({ data }) => data.promotionId));
  const rollouts = await world.rows<{ rollout_id: string; promotion_id: string }>(
    'deployer',
    `select rollout_id, promotion_id from rollout where promotion_id is not null and created_at > now() - interval '29 days'`,
  );
  const begun = new Set(rollouts.map(({ promotion_id }) => promotion_id));
  return [
    ...rollouts
      .filter(({ promotion_id }) => !approved.has(promotion_id))
      .map(
        ({ rollout_id, promotion_id }) =>
          `deployer: rollout ${rollout_id} has promotion ${promotion_id}, which nobody approved`,
      ),
    ...[...approved]
      .filter((id) => !begun.has(id))
      .map((id) => `deployer: promotion ${id} was approved and not rolled out`),
  ];
}

const tenantsKnown: Rule = {
  name: 'tenants-known',
  promise: 'Every row of every table belongs to a tenant that auth knows.',
  breaches: async (world) => {
    const tenants = new Set(
      (await world.rows<{ tenant_id: string }>('auth', 'select tenant_id from tenant')).map((row) => row.tenant_id),
    );
    const found = await Promise.all(DATABASES.map((database) => strangersIn(world, database, tenants)));
    return found.flat();
  },
};

async function strangersIn(
  world: World,
  database: DatabaseName,
  tenants: ReadonlySet<string>,
): Promise<readonly string[]> {
  const tables = await world.rows<{ name: string }>(
    database,
    `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await world.rows<{ tenant_id: string }>(database, `select distinct tenant_id from "${name}"`);
    const strangers = rows.map(({ tenant_id }) => tenant_id).filter((tenant) => !tenants.has(tenant));
    found.push(...strangers.map((tenant) => `${database}.${name} has rows of ${tenant}, which is no tenant`));
  }
  return found;
}

export const referenceRules: readonly Rule[] = [referencesResolve, tenantsKnown];
