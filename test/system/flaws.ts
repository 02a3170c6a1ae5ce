import type { DatabaseName } from '@myriad/invariants';

/** Damage that a rule has to see. */
export interface Flaw {
  readonly rule: string;
  readonly database: DatabaseName;
  /** Done in a transaction that is never committed, with triggers and foreign keys off. */
  readonly sql: string;
  /** What each says that the rule has to complain of. */
  readonly breaches: readonly RegExp[];
}

const NOTHING = `sha256:${'0'.repeat(64)}`;
const LOST = `'lost'`;

const OF_EVENTS: readonly Flaw[] = [
  {
    rule: 'outbox-empty',
    database: 'registry',
    sql: `insert into outbox (tenant_id, topic, key, event_id, type, event) values ('acme', 't', 'acme/x', gen_random_uuid(), 'registry.alias-moved.v1', '{}')`,
    breaches: [/registry: 1 registry\.alias-moved\.v1 wait/],
  },
  {
    rule: 'events-handled-once',
    database: 'evaluator',
    sql: `delete from inbox where event_id = (select min(event_id::text)::uuid from inbox)`,
    breaches: [/evaluator has not handled/],
  },
  {
    rule: 'events-handled-once',
    database: 'batch',
    sql: `insert into inbox (tenant_id, handler, event_id) select tenant_id, 'again', event_id from inbox limit 1`,
    breaches: [/batch handled .* 2 times/],
  },
  {
    rule: 'inbox-from-log',
    database: 'deployer',
    sql: `insert into inbox (tenant_id, handler, event_id) values ('acme', 'default', gen_random_uuid())`,
    breaches: [/deployer handled 1 events that the log does not have/],
  },
];

const OF_STATES: readonly Flaw[] = [
  {
    rule: 'nothing-stuck',
    database: 'training',
    sql: `update job set status = 'running'; update run set status = 'queued'; update fleet_run set status = 'running'`,
    breaches: [/training: job .* is running/, /training: run .* is queued/, /training: fleet run .* is running/],
  },
  {
    rule: 'nothing-stuck',
    database: 'registry',
    sql: `update model_version set status = 'pending'`,
    breaches: [/registry: version .* is pending/],
  },
  {
    rule: 'nothing-stuck',
    database: 'evaluator',
    sql: `update evaluation set status = 'running'; update campaign set status = 'rolling-out';
          insert into promotion values ('acme', 'prm_x', 'm', 1, 'ver_x', 'production', 'approved', '', '${NOTHING}', null, null, 'x', now())`,
    breaches: [/evaluation .* is running/, /campaign .* is rolling-out/, /promotion prm_x of acme is approved/],
  },
  {
    rule: 'nothing-stuck',
    database: 'evaluator',
    sql: `update campaign set status = 'halted', body = jsonb_set(body, '{members,0,state}', '"rolling-out"')`,
    breaches: [/campaign .* is halted/],
  },
  {
    rule: 'nothing-stuck',
    database: 'deployer',
    sql: `update rollout set status = 'progressing'; update pool set status = 'starting'`,
    breaches: [/rollout .* is progressing/, /pool with models .* is starting/],
  },
  {
    rule: 'nothing-stuck',
    database: 'batch',
    sql: `update batch_job set status = 'running' where tenant_id = 'acme'; update batch_job set has_parts = true where tenant_id = 'bolt'`,
    breaches: [/batch job .* of acme is running/, /batch job with parts left .* of bolt is succeeded/],
  },
  {
    rule: 'approvals-match',
    database: 'registry',
    sql: `update dataset_grant set status = 'pending' where grant_id = (select max(grant_id) from dataset_grant); update model_version set status = 'awaiting-review'`,
    breaches: [/^grant .* waits, but no approval is open/, /^version-review .* waits, but/],
  },
  {
    rule: 'approvals-match',
    database: 'evaluator',
    sql: `update campaign set status = 'awaiting-approval'`,
    breaches: [/^campaign .* waits, but no approval is open/],
  },
  {
    rule: 'approvals-match',
    database: 'auth',
    sql: `update approval set status = 'pending' where kind = 'campaign'`,
    breaches: [/an approval is open for campaign .*, which waits not/],
  },
];

const OF_REFERENCES: readonly Flaw[] = [
  {
    rule: 'references-resolve',
    database: 'registry',
    sql: 'delete from model_version',
    breaches: [
      /training: the version of a run that succeeded/,
      /registry: the version of an alias/,
      /evaluator: the version of an evaluation/,
      /evaluator: the version of a campaign's member/,
      /deployer: the version of a placement/,
      /batch: the version of a batch job/,
    ],
  },
  {
    rule: 'references-resolve',
    database: 'registry',
    sql: 'delete from dataset_version',
    breaches: [/training: an input of a run/, /registry: the data of a version/, /batch: the dataset of a batch job/],
  },
  {
    rule: 'references-resolve',
    database: 'training',
    sql: `update fleet_run set fleet_run_id = fleet_run_id || 'lost'; delete from recipe; delete from job; insert into run_metric values ('acme', ${LOST}, 'auc', 1, 1, 1)`,
    breaches: [
      /the fleet run of a run/,
      /evaluator: the fleet run of a campaign/,
      /the recipe of a fleet run/,
      /the job of a run/,
      /the run of a metric/,
    ],
  },
  {
    rule: 'references-resolve',
    database: 'training',
    sql: `update run set status = 'failed'; update job set fleet_run_id = ${LOST}`,
    breaches: [/registry: the run of a version/, /the fleet run of a job/],
  },
  {
    rule: 'references-resolve',
    database: 'evaluator',
    sql: `insert into promotion values ('acme', 'prm_x', 'm', 1, 'ver_x', 'production', 'failed', '', '${NOTHING}', 'apr_x', null, 'x', now());
          update evaluation set evidence_digest = null; delete from suite; update campaign set body = jsonb_set(body, '{approvalId}', '"apr_y"')`,
    breaches: [
      /the version of a promotion/,
      /the evidence of a promotion/,
      /the approval of a promotion/,
      /the suite of an evaluation/,
      /the approval of a campaign/,
      /the evidence of a campaign's member/,
    ],
  },
  {
    rule: 'references-resolve',
    database: 'deployer',
    sql: `update rollout set rollout_id = 'x' || rollout_id; update rollout set promotion_id = 'prm_x' where rollout_id = (select min(rollout_id) from rollout); delete from pool`,
    breaches: [
      /the rollout of a placement/,
      /the pool of an active placement/,
      /has promotion prm_x, which nobody approved/,
      /was approved and not rolled out/,
    ],
  },
  {
    rule: 'tenants-known',
    database: 'batch',
    sql: `insert into placement_view values ('nobody', 'production', 'm', 1, true, '{}')`,
    breaches: [/batch\.placement_view has rows of nobody/],
  },
];

const OF_OBJECTS: readonly Flaw[] = [
  {
    rule: 'objects-whole',
    database: 'registry',
    sql: `update dataset_version set digest = '${NOTHING}' where dataset_name = 'machines' and tenant_id = 'acme'`,
    breaches: [new RegExp(`registry: dataset version ${NOTHING} of acme`)],
  },
  {
    rule: 'no-orphan-objects',
    database: 'batch',
    sql: `delete from batch_job where tenant_id = 'bolt'`,
    breaches: [/bolt has sha256:.* bytes, which no row names/],
  },
];

const OF_AUDIT: readonly Flaw[] = [
  {
    rule: 'audit-chain-whole',
    database: 'auth',
    sql: `update audit_record set actor = 'somebody' where tenant_id = 'acme' and seq = 2; delete from audit_record where tenant_id = 'bolt' and seq = 3;
          update audit_head set seq = seq + 1 where tenant_id = 'tiny'; delete from audit_head where tenant_id = 'platform'`,
    breaches: [
      /record 2 of acme does not have its hash/,
      /the chain of bolt lacks record 3/,
      /the chain of tiny ends at/,
      /the chain of platform has no head/,
    ],
  },
  {
    rule: 'audit-complete',
    database: 'auth',
    sql: `delete from audit_record where seq = (select max(seq) from audit_record where tenant_id = 'acme' and action = 'request') and tenant_id = 'acme';
          insert into audit_record select 'tiny', seq + 1000000, actor, 'rollout.completed', object, at, details, previous_hash, hash from audit_record where tenant_id = 'tiny' limit 1`,
    breaches: [/^acme: \d+ requests in the log, \d+ in the chain/, /^tiny: 0 changes of rollouts in the log, 1 in/],
  },
];

const OF_COPIES: readonly Flaw[] = [
  ...(['training', 'batch', 'evaluator'] as const).map((database): Flaw => ({
    rule: 'read-models-agree',
    database,
    sql: `update dataset_view set digest = '${NOTHING}' where tenant_id = 'acme'; delete from dataset_view where tenant_id = 'bolt'`,
    breaches: [
      new RegExp(`${database}\\.dataset_view acme/.* differs from registry: digest`),
      new RegExp(`${database}\\.dataset_view lacks bolt/`),
    ],
  })),
  {
    rule: 'read-models-agree',
    database: 'training',
    sql: `update grant_view set status = 'revoked'; delete from application_view`,
    breaches: [/training\.grant_view .* status is "revoked"/, /training\.application_view lacks/],
  },
  {
    rule: 'read-models-agree',
    database: 'evaluator',
    sql: `update application_view set suite = null; update version_view set admission = 'rejected'; delete from run_view; update fleet_run_view set is_ended = false;
          update approval_view set status = 'pending'; update rollout_view set status = 'progressing'`,
    breaches: [/application_view/, /version_view/, /run_view lacks/, /fleet_run_view/, /approval_view/, /rollout_view/],
  },
  {
    rule: 'read-models-agree',
    database: 'batch',
    sql: `update placement_view set generation = generation - 1; insert into placement_view values ('acme', 'production', 'unplaced', 1, true, '{}')`,
    breaches: [/batch\.placement_view .* generation/, /batch\.placement_view has acme\/production\/unplaced/],
  },
  {
    rule: 'topics-agree',
    database: 'auth',
    sql: `update tenant set status = 'suspended' where tenant_id = 'acme'; update principal set generation = generation + 1; update api_key set revoked_at = now()`,
    breaches: [/tenant\.v1 acme/, /principal\.v1 .* generation/, /key\.v1 .* isRevoked/],
  },
  {
    rule: 'topics-agree',
    database: 'registry',
    sql: `update application set body = jsonb_set(body, '{generation}', '99'); update model_alias set version_id = 'ver_x'`,
    breaches: [/application\.v1 .* generation/, /alias\.v1 .* versionId/],
  },
  {
    rule: 'topics-agree',
    database: 'deployer',
    sql: `update placement set generation = generation + 1; update pool set replicas = '[]'`,
    breaches: [/placement\.v1 .* generation/, /pool\.v1 .* endpoints/],
  },
  { rule: 'topics-agree', database: 'training', sql: 'delete from recipe', breaches: [/recipe\.v1 has/] },
  { rule: 'topics-agree', database: 'evaluator', sql: 'delete from suite', breaches: [/suite\.v1 has/] },
];

const OF_SERVICE: readonly Flaw[] = [
  {
    rule: 'placements-served',
    database: 'deployer',
    sql: `update placement set served = jsonb_set(served, '{version}', '7') where tenant_id = 'acme'; update placement set status = 'removed' where tenant_id = 'bolt';
          insert into placement select 'tiny', environment, model_name, generation, status, served, pool, rollout_id, changed_at from placement where tenant_id = 'acme'`,
    breaches: [
      /of acme in production is placed in version 7, but serves 1/,
      /of bolt in production was removed, but answers 200/,
      /of tiny in production is placed, but answers 404/,
    ],
  },
  {
    rule: 'batch-rows-once',
    database: 'registry',
    sql: `update dataset_version set row_count = row_count + 1`,
    breaches: [/batch job .* of acme: 900 rows, 900 different, 0 … 899; the dataset has 901/],
  },
  {
    rule: 'batch-metered-once',
    database: 'registry',
    sql: `update dataset_version set row_count = row_count - 1`,
    breaches: [/batch job .* of acme: 900 of 899 rows metered/],
  },
  {
    rule: 'usage-adds-up',
    database: 'deployer',
    sql: `update cost_hour set quantity = quantity + 1 where kind = 'batch-rows'; delete from cost_hour where kind = 'predictions'`,
    breaches: [/batch-rows of acme: 900 metered, 901 booked/, /predictions of acme: \d+ metered, 0 booked/],
  },
];

/** What must be seen of damage to rows; damage to the log and to objects is done by hand in the test. */
export const FLAWS: readonly Flaw[] = [
  ...OF_EVENTS,
  ...OF_STATES,
  ...OF_REFERENCES,
  ...OF_OBJECTS,
  ...OF_AUDIT,
  ...OF_COPIES,
  ...OF_SERVICE,
];
