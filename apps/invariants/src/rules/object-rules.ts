import { topics } from '@myriad/contracts';
import { type Digest, PLATFORM_TENANT, tenantId } from '@myriad/kernel';
import { snapshotParts } from '@myriad/messaging';
import type { Rule } from '../rule.js';
import { DATABASES, type DatabaseName, type World } from '../world.js';

interface Owned extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly digest: Digest;
}

/** Rows that promise that an object is there. */
const PROMISED: readonly { readonly database: DatabaseName; readonly what: string; readonly sql: string }[] = [
  { database: 'registry', what: 'dataset version', sql: 'select tenant_id, digest from dataset_version' },
  { database: 'registry', what: 'artifact', sql: 'select tenant_id, artifact_digest as digest from model_version' },
  {
    database: 'registry',
    what: 'parity record',
    sql: 'select tenant_id, parity_digest as digest from model_version where parity_digest is not null',
  },
  {
    database: 'registry',
    what: 'review report',
    sql: 'select tenant_id, review_digest as digest from model_version where review_digest is not null',
  },
  { database: 'training', what: 'recipe', sql: 'select tenant_id, source_digest as digest from recipe' },
  {
    database: 'training',
    what: 'source of a job',
    sql: `select spec->'source'->>'tenantId' as tenant_id, spec->'source'->>'digest' as digest from job`,
  },
  {
    database: 'training',
    what: 'artifact of a run',
    sql: `select tenant_id, artifact_digest as digest from run where artifact_digest is not null and job_id is not null`,
  },
  {
    database: 'evaluator',
    what: 'evidence',
    sql: 'select tenant_id, evidence_digest as digest from evaluation where evidence_digest is not null',
  },
  {
    database: 'evaluator',
    what: 'evidence of a campaign',
    sql: `select tenant_id, body->>'evidenceDigest' as digest from campaign where body->>'evidenceDigest' is not null`,
  },
  {
    database: 'batch',
    what: 'output',
    sql: `select tenant_id, output->>'digest' as digest from batch_job where output is not null`,
  },
  {
    database: 'batch',
    what: 'errors',
    sql: `select tenant_id, errors->>'digest' as digest from batch_job where errors is not null`,
  },
  {
    database: 'batch',
    what: 'part',
    sql: `select s.tenant_id, d as digest from batch_shard s join batch_job j using (tenant_id, batch_job_id), unnest(array[s.output_digest, s.errors_digest]) as d
          where d is not null and j.has_parts and j.status in ('queued', 'running')`,
  },
];

/** Tenants whose objects were destroyed; their rows stay. */
const PURGED = 'select tenant_id from tenant_purge where confirmed_at is not null';

const objectsWhole: Rule = {
  name: 'objects-whole',
  promise: 'Every object that a row promises is there, with the bytes of its digest.',
  breaches: async (world) => {
    const wanted = new Map<string, Owned & { readonly what: string }>();
    for (const { database, what, sql } of PROMISED)
      for (const row of await world.rows<Owned>(database, sql))
        wanted.set(`${row.tenant_id} ${row.digest}`, { ...row, what: `${database}: ${what}` });
    const found: string[] = [];
    const purged = await world.rows<{ tenant_id: string }>('auth', PURGED);
    for (const { tenant_id, digest, what } of wanted.values()) {
      if (purged.some((one) => one.tenant_id === tenant_id)) continue;
      const fault = await faultOf(world, tenant_id, digest);
      if (fault !== undefined) found.push(`${what} ${digest} of ${tenant_id}: ${fault}`);
    }
    return found;
  },
};

/** Reads the object to its end: the store itself holds the bytes against the digest. */
async function faultOf(world: World, tenant: string, digest: Digest): Promise<string | undefined> {
  try {
    const bytes = await world.objects.get(tenantId(tenant), digest);
    for await (const _chunk of bytes) {
      // only whether it comes whole
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What only repeats or remembers digests and keeps no object alive. */
const NOT_OWNING = ['object_sweep', 'outbox', 'inbox', 'idempotency', 'audit_record', 'job_event', 'migrations'];

const noOrphanObjects: Rule = {
  name: 'no-orphan-objects',
  promise: 'Every object is named by a row of its tenant or of the platform, or is part of a snapshot of a topic.',
  breaches: async (world) => {
    const named = await namedDigests(world);
    for (const digest of await partsOfSnapshots(world)) named.add(`${PLATFORM_TENANT} ${digest}`);
    const tenants = await world.rows<{ tenant_id: string }>('auth', 'select tenant_id from tenant order by 1');
    const found: string[] = [];
    for (const { tenant_id: tenant } of tenants) {
      for await (const { digest, sizeBytes } of world.objects.list(tenantId(tenant)))
        if (!named.has(`${tenant} ${digest}`) && !named.has(`${PLATFORM_TENANT} ${digest}`))
          found.push(`${tenant} has ${digest} of ${sizeBytes} bytes, which no row names`);
    }
    return found;
  },
};

/** Every digest in every column of every table that owns objects, with its tenant. */
async function namedDigests(world: World): Promise<Set<string>> {
  const named = new Set<string>();
  for (const database of DATABASES) {
    const tables = await world.rows<{ name: string }>(
      database,
      `select distinct table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'tenant_id' and table_name <> all ($1)`,
      [NOT_OWNING],
    );
    for (const { name } of tables) {
      const rows = await world.rows<Owned>(
        database,
        `select distinct tenant_id, (regexp_matches(t::text, 'sha256:[0-9a-f]{64}', 'g'))[1] as digest from "${name}" t`,
      );
      for (const { tenant_id, digest } of rows) named.add(`${tenant_id} ${digest}`);
    }
  }
  return named;
}

async function partsOfSnapshots({ objects }: World): Promise<readonly Digest[]> {
  const compacted = topics.filter(({ cleanup }) => cleanup === 'compact');
  return (await Promise.all(compacted.map(({ name }) => snapshotParts(name, objects)))).flat();
}

export const objectRules: readonly Rule[] = [objectsWhole, noOrphanObjects];
