import { differences } from '../differences.js';
import type { Rule } from '../rule.js';
import type { DatabaseName, Row, World } from '../world.js';

interface Source {
  readonly database: DatabaseName;
  readonly sql: string;
}

/** A table that one service keeps of another's, and what it has to say: columns of equal names. */
interface Copy {
  readonly name: string;
  readonly key: readonly string[];
  readonly copy: Source;
  readonly original: Source;
}

const COPIES: readonly Copy[] = [
  {
    name: 'dataset_view',
    key: ['tenant_id', 'name', 'version'],
    copy: { database: 'training', sql: 'select tenant_id, name, version, digest, format from dataset_view' },
    original: {
      database: 'registry',
      sql: 'select tenant_id, dataset_name as name, version, digest, format from dataset_version',
    },
  },
  {
    name: 'dataset_view',
    key: ['tenant_id', 'name', 'version'],
    copy: { database: 'batch', sql: 'select tenant_id, name, version, digest, format, columns from dataset_view' },
    original: {
      database: 'registry',
      sql: `select tenant_id, dataset_name as name, version, digest, format, array(select c->>'name' from jsonb_array_elements(columns) with ordinality as t (c, n) order by n) as columns from dataset_version`,
    },
  },
  {
    name: 'dataset_view',
    key: ['tenant_id', 'name'],
    copy: {
      database: 'evaluator',
      sql: 'select tenant_id, dataset_name as name, version, digest, format from dataset_view',
    },
    original: {
      database: 'registry',
      sql: 'select distinct on (tenant_id, dataset_name) tenant_id, dataset_name as name, version, digest, format from dataset_version order by tenant_id, dataset_name, version desc',
    },
  },
  ...(['training', 'batch'] as const).map((database): Copy => ({
    name: 'grant_view',
    key: ['tenant_id', 'grant_id'],
    copy: {
      database,
      sql: `select tenant_id, grant_id, dataset_name, principal_id, purpose, status, date_trunc('milliseconds', expires_at) as expires_at from grant_view`,
    },
    original: {
      database: 'registry',
      sql: `select tenant_id, grant_id, dataset_name, principal_id, purpose, status, date_trunc('milliseconds', expires_at) as expires_at from dataset_grant where status <> 'pending'`,
    },
  })),
  {
    name: 'application_view',
    key: ['tenant_id', 'name'],
    copy: { database: 'training', sql: 'select tenant_id, name, features, label, recipe from application_view' },
    original: {
      database: 'registry',
      sql: `select tenant_id, name, body->'features' as features, body->>'label' as label, body->>'recipe' as recipe from application`,
    },
  },
  {
    name: 'application_view',
    key: ['tenant_id', 'name'],
    copy: { database: 'evaluator', sql: 'select tenant_id, name, suite from application_view' },
    original: { database: 'registry', sql: `select tenant_id, name, body->>'suite' as suite from application` },
  },
  {
    name: 'version_view',
    key: ['tenant_id', 'model_name', 'version'],
    copy: {
      database: 'evaluator',
      sql: `select tenant_id, model_name, version, version_id, application, admission, run_id, admitted->>'artifactDigest' as artifact_digest from version_view`,
    },
    original: {
      database: 'registry',
      sql: `select tenant_id, model_name, version, version_id, application, status as admission, run_id, case status when 'admitted' then artifact_digest end as artifact_digest from model_version where status in ('admitted', 'rejected')`,
    },
  },
  {
    name: 'run_view',
    key: ['tenant_id', 'run_id'],
    copy: { database: 'evaluator', sql: 'select tenant_id, run_id, fleet_run_id, model_name, outcome from run_view' },
    original: {
      database: 'training',
      sql: `select tenant_id, run_id, fleet_run_id, model_name, status as outcome from run where fleet_run_id is not null and status in ('succeeded', 'inconclusive', 'failed')`,
    },
  },
  {
    name: 'fleet_run_view',
    key: ['tenant_id', 'fleet_run_id'],
    copy: { database: 'evaluator', sql: 'select tenant_id, fleet_run_id, application, is_ended from fleet_run_view' },
    original: {
      database: 'training',
      sql: `select tenant_id, fleet_run_id, application, status in ('completed', 'failed', 'cancelled') as is_ended from fleet_run`,
    },
  },
  {
    name: 'approval_view',
    key: ['tenant_id', 'approval_id'],
    copy: {
      database: 'evaluator',
      sql: 'select tenant_id, approval_id, subject_id, evidence_digest, status from approval_view',
    },
    original: {
      database: 'auth',
      sql: `select tenant_id, approval_id, subject_id, evidence_digest, case status when 'expired' then 'void' else status end as status from approval where kind in ('promotion', 'campaign')`,
    },
  },
  {
    name: 'rollout_view',
    key: ['tenant_id', 'promotion_id'],
    copy: { database: 'evaluator', sql: 'select tenant_id, promotion_id, status, reason from rollout_view' },
    original: {
      database: 'deployer',
      sql: 'select tenant_id, promotion_id, status, reason from rollout where promotion_id is not null',
    },
  },
  {
    name: 'placement_view',
    key: ['tenant_id', 'environment', 'model_name'],
    copy: {
      database: 'batch',
      sql: `select tenant_id, environment, model_name, generation, is_active, model->>'versionId' as version_id, model->>'artifactDigest' as artifact_digest from placement_view`,
    },
    original: {
      database: 'deployer',
      sql: `select tenant_id, environment, model_name, generation, status = 'active' as is_active, served->>'versionId' as version_id, served->>'artifactDigest' as artifact_digest from placement`,
    },
  },
];

async function compared(world: World, { name, key, copy, original }: Copy): Promise<readonly string[]> {
  const [copies, originals] = await Promise.all([
    world.rows<Row>(copy.database, copy.sql),
    world.rows<Row>(original.database, original.sql),
  ]);
  return differences({ copy: `${copy.database}.${name}`, original: original.database, key, copies, originals });
}

const readModelsAgree: Rule = {
  name: 'read-models-agree',
  promise: 'What a service keeps of another is what the owner has.',
  breaches: async (world) => (await Promise.all(COPIES.map((copy) => compared(world, copy)))).flat(),
};

export const readModelRules: readonly Rule[] = [readModelsAgree];
