import { batchUsageMeteredV1, runCompletedV1, usageMeteredV1 } from '@myriad/contracts';
import { type Digest, tenantId } from '@myriad/kernel';
import { countRows } from '../count-rows.js';
import type { Rule } from '../rule.js';
import type { World } from '../world.js';

interface Output extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly batch_job_id: string;
  readonly digest: Digest;
  readonly format: 'csv' | 'parquet';
  readonly dataset: string;
}

const batchRowsOnce: Rule = {
  name: 'batch-rows-once',
  promise: 'The output of each batch job that succeeded has each row of its dataset once, in order.',
  breaches: async (world) => {
    const outputs = await world.rows<Output>(
      'batch',
      `select tenant_id, batch_job_id, output->>'digest' as digest, coalesce(spec->>'outputFormat', 'csv') as format, spec->'dataset'->>'digest' as dataset
       from batch_job where status = 'succeeded' and output is not null`,
    );
    const datasets = await world.rows<{ tenant_id: string; digest: string; rows: number }>(
      'registry',
      'select tenant_id, digest, row_count::int as rows from dataset_version',
    );
    const rowsOf = new Map(datasets.map(({ tenant_id, digest, rows }) => [`${tenant_id} ${digest}`, rows]));
    const found: string[] = [];
    for (const output of outputs)
      found.push(...(await faultOf(world, output, rowsOf.get(`${output.tenant_id} ${output.dataset}`) ?? 0)));
    return found;
  },
};

async function faultOf(world: World, output: Output, expected: number): Promise<readonly string[]> {
  const { tenant_id, batch_job_id, digest, format } = output;
  const counted = await world.objects.withLocalFile(tenantId(tenant_id), digest, (path) => countRows(path, format));
  const isWhole = counted.rows === expected && counted.distinct === expected && counted.isOrdered;
  if (isWhole && (expected === 0 || (counted.first === 0 && counted.last === expected - 1))) return [];
  return [
    `batch job ${batch_job_id} of ${tenant_id}: ${counted.rows} rows, ${counted.distinct} different, ${counted.first} … ${counted.last}${counted.isOrdered ? '' : ', out of order'}; the dataset has ${expected}`,
  ];
}

const usageAddsUp: Rule = {
  name: 'usage-adds-up',
  promise: 'The cost ledger of each tenant is the sum of what was metered, without shadows.',
  breaches: async (world) => {
    const metered = await meteredOf(world);
    const rows = await world.rows<{ tenant_id: string; kind: string; quantity: number }>(
      'deployer',
      `select tenant_id, kind, sum(quantity) as quantity from cost_hour where kind <> 'model-hours' group by tenant_id, kind`,
    );
    const kept = new Map(rows.map(({ tenant_id, kind, quantity }) => [`${kind} of ${tenant_id}`, quantity]));
    return [...new Set([...metered.keys(), ...kept.keys()])]
      .map((name) => ({ name, told: metered.get(name) ?? 0, booked: kept.get(name) ?? 0 }))
      .filter(({ told, booked }) => Math.abs(told - booked) > 1e-6 * Math.max(1, told))
      .map(({ name, told, booked }) => `${name}: ${told} metered, ${booked} booked`);
  },
};

async function meteredOf(world: World): Promise<ReadonlyMap<string, number>> {
  const content = await world.logContent();
  const sums = new Map<string, number>();
  const add = (kind: string, tenant: string, quantity: number): void => {
    if (quantity > 0) sums.set(`${kind} of ${tenant}`, (sums.get(`${kind} of ${tenant}`) ?? 0) + quantity);
  };
  for (const { tenantId: tenant, data } of content.of(usageMeteredV1)) {
    if (data.isShadow === true) continue; // nobody was answered
    add('predictions', tenant, data.requests);
    add('prediction-rows', tenant, data.rows);
  }
  for (const { tenantId: tenant, data } of content.of(batchUsageMeteredV1)) add('batch-rows', tenant, data.rows);
  for (const { tenantId: tenant, data } of content.of(runCompletedV1))
    add('training-cpu', tenant, data.durationMs / 1000);
  return sums;
}

const batchMeteredOnce: Rule = {
  name: 'batch-metered-once',
  promise: 'Each row of a batch job that succeeded was metered once.',
  breaches: async (world) => {
    const jobs = await world.rows<{ tenant_id: string; batch_job_id: string; dataset: string }>(
      'batch',
      `select tenant_id, batch_job_id, spec->'dataset'->>'digest' as dataset from batch_job where status = 'succeeded' and created_at > now() - interval '29 days'`,
    );
    const datasets = await world.rows<{ tenant_id: string; digest: string; rows: number }>(
      'registry',
      'select tenant_id, digest, row_count::int as rows from dataset_version',
    );
    const rowsOf = new Map(datasets.map(({ tenant_id, digest, rows }) => [`${tenant_id} ${digest}`, rows]));
    const metered = new Map<string, number>();
    for (const { data } of (await world.logContent()).of(batchUsageMeteredV1))
      metered.set(data.batchJobId, (metered.get(data.batchJobId) ?? 0) + data.rows);
    return jobs.flatMap(({ tenant_id, batch_job_id, dataset }) => {
      const [told, expected] = [metered.get(batch_job_id) ?? 0, rowsOf.get(`${tenant_id} ${dataset}`) ?? 0];
      return told === expected
        ? []
        : [`batch job ${batch_job_id} of ${tenant_id}: ${told} of ${expected} rows metered`];
    });
  },
};

export const usageRules: readonly Rule[] = [batchRowsOnce, batchMeteredOnce, usageAddsUp];
