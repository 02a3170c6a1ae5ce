import type { Tx } from '@myriad/persistence';
import type { KeyValue, TrackedInput, TrackedPoint, TrackedRun, TrackedRunInfo } from '../../domain/tracking.js';

interface PairRecord extends KeyValue {
  run_id: string;
}
interface MetricRecord {
  run_id: string;
  name: string;
  value: number;
  step: string;
  timestamp_ms: string;
}
interface InputRecord {
  run_id: string;
  name: string;
  dataset_digest: string;
  source_type: string;
  source: string;
  schema: string | null;
  profile: string | null;
  tags: KeyValue[];
}
/** What runs of jobs, and those of our own API, say in their row. */
interface OwnRecord {
  run_id: string;
  parameters: Record<string, unknown>;
  metrics: Record<string, number>;
}

function ofRun<R extends { run_id: string }, T>(rows: readonly R[], toItem: (row: R) => T): (runId: string) => T[] {
  const byRun = new Map<string, T[]>();
  for (const row of rows) {
    const items = byRun.get(row.run_id);
    if (items === undefined) byRun.set(row.run_id, [toItem(row)]);
    else items.push(toItem(row));
  }
  return (runId) => byRun.get(runId) ?? [];
}

/** The runs with what was logged to them; six statements for any number of runs. */
export async function loadRunData(tx: Tx, infos: readonly TrackedRunInfo[]): Promise<readonly TrackedRun[]> {
  const values = [tx.tenantId, infos.map(({ runId }) => runId)];
  const rowsOf = <R extends { run_id: string }>(columns: string, table: string, order: string): Promise<R[]> =>
    tx.query<R>(
      `SELECT run_id, ${columns} FROM ${table} WHERE tenant_id = $1 AND run_id = ANY ($2) ORDER BY run_id, ${order}`,
      values,
    );
  const metrics = ofRun(
    await rowsOf<MetricRecord>('name, value, step, timestamp_ms', 'run_latest_metric', 'name'),
    toPoint,
  );
  const params = ofRun(await rowsOf<PairRecord>('key, value', 'run_param', 'key'), toPair);
  const tags = ofRun(await rowsOf<PairRecord>('key, value', 'run_tag', 'key'), toPair);
  const inputs = ofRun(
    await rowsOf<InputRecord>('name, dataset_digest, source_type, source, schema, profile, tags', 'run_input', 'name'),
    toInput,
  );
  const outputs = ofRun(
    await rowsOf<{ run_id: string; model_id: string; step: string }>('model_id, step', 'run_output', 'model_id'),
    ({ model_id: modelId, step }) => ({ modelId, step: Number(step) }),
  );
  const own = new Map(
    (await rowsOf<OwnRecord>('parameters, metrics', 'run', 'run_id')).map((row) => [row.run_id, row]),
  );
  return infos.map((info) => ({
    info,
    metrics: withOwnMetrics(metrics(info.runId), info, own.get(info.runId)),
    params: withOwnParams(params(info.runId), own.get(info.runId)),
    tags: tags(info.runId),
    inputs: inputs(info.runId),
    outputs: outputs(info.runId),
  }));
}

function withOwnMetrics(
  logged: readonly TrackedPoint[],
  { endedAt, startedAt }: TrackedRunInfo,
  own: OwnRecord | undefined,
): readonly TrackedPoint[] {
  const known = new Set(logged.map(({ key }) => key));
  const timestamp = (endedAt ?? startedAt).getTime();
  const more = Object.entries(own?.metrics ?? {}).filter(([key]) => !known.has(key));
  return [...logged, ...more.map(([key, value]) => ({ key, value, timestamp, step: 0 }))];
}

function withOwnParams(logged: readonly KeyValue[], own: OwnRecord | undefined): readonly KeyValue[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return [...logged, ...Object.entries(own?.parameters ?? {}).map(([key, value]) => ({ key, value: text(value) }))];
}

const toPair = ({ key, value }: PairRecord): KeyValue => ({ key, value });
const toPoint = ({ name, value, step, timestamp_ms: ms }: MetricRecord): TrackedPoint => ({
  key: name,
  value,
  step: Number(step),
  timestamp: Number(ms),
});
const toInput = ({
  name,
  dataset_digest: digest,
  source_type,
  source,
  schema,
  profile,
  tags,
}: InputRecord): TrackedInput => ({
  tags,
  dataset: {
    ...{ name, digest, source_type, source },
    ...(schema === null ? {} : { schema }),
    ...(profile === null ? {} : { profile }),
  },
});
