import { ProblemError } from '@myriad/kernel';
import { type Tx, isUniqueViolation } from '@myriad/persistence';
import type { OrderTerm, SearchField, SearchFields } from '@myriad/search';
import { Injectable } from '@nestjs/common';
import type { Found, Search, TrackedExperimentStore } from '../../application/tracking/ports.js';
import type { KeyValue, LifecycleStage, TrackedExperiment } from '../../domain/tracking.js';
import { millis, searchRows } from './mlflow-search.js';

interface ExperimentRecord {
  experiment_id: string;
  name: string;
  artifact_location: string | null;
  lifecycle_stage: LifecycleStage;
  tags: Record<string, string>;
  created_at: Date;
  updated_at: Date | null;
}

const toExperiment = (row: ExperimentRecord): TrackedExperiment => ({
  experimentId: row.experiment_id,
  name: row.name,
  artifactLocation: row.artifact_location ?? `mlflow-artifacts:/${row.experiment_id}`,
  lifecycleStage: row.lifecycle_stage,
  tags: Object.entries(row.tags).map(([key, value]) => ({ key, value })),
  createdAt: row.created_at,
  updatedAt: row.updated_at ?? row.created_at,
});

const SELECT = 'SELECT * FROM experiment WHERE tenant_id = $1';
const time = (column: string): SearchField & { readonly sql: string } => ({ kind: 'number', sql: millis(column) });
const ATTRIBUTES: Readonly<Record<string, SearchField & { readonly sql: string }>> = {
  name: { kind: 'text', sql: 'name' },
  experiment_id: { kind: 'text', sql: 'experiment_id' },
  creation_time: time('created_at'),
  last_update_time: time('coalesce(updated_at, created_at)'),
};
const tag: SearchField = {
  kind: 'row',
  type: 'text',
  exists: (key, test) => `EXISTS (SELECT 1 FROM jsonb_each_text(tags) AS x WHERE x.key = ${key} AND ${test})`,
};
const isAttribute = (group: string | undefined): boolean =>
  ['attributes', 'attribute', 'attr', undefined].includes(group);
const attributeOf = (key: string) => (Object.hasOwn(ATTRIBUTES, key) ? ATTRIBUTES[key] : undefined);
const FIELDS: SearchFields = {
  names: [...Object.keys(ATTRIBUTES), 'tags.<key>'],
  find: ({ group, key }) => {
    if (isAttribute(group)) return attributeOf(key);
    return group === 'tags' || group === 'tag' ? tag : undefined;
  },
};

function orderOf({ field, isDescending }: OrderTerm): string {
  const known = isAttribute(field.group) ? attributeOf(field.key) : undefined;
  if (known !== undefined) return `${known.sql} ${isDescending ? 'DESC' : 'ASC'}`;
  const detail = `experiments can't be ordered by '${field.key}'; allowed are ${Object.keys(ATTRIBUTES).join(', ')}`;
  throw new ProblemError({ kind: 'invalid', code: 'search.order_invalid', detail });
}

@Injectable()
export class SqlTrackedExperimentStore implements TrackedExperimentStore {
  async insert(tx: Tx, experiment: TrackedExperiment): Promise<boolean> {
    const { experimentId, name, artifactLocation, lifecycleStage, tags, createdAt } = experiment;
    const rows = await tx.query(
      `INSERT INTO experiment (tenant_id, name, experiment_id, description, artifact_location, lifecycle_stage, tags, created_at, updated_at)
       VALUES ($1, $2, $3, '', $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING RETURNING 1`,
      [tx.tenantId, name, experimentId, artifactLocation, lifecycleStage, tagsJson(tags), createdAt],
    );
    return rows.length === 1;
  }

  async find(tx: Tx, experimentId: string): Promise<TrackedExperiment | undefined> {
    const [row] = await tx.query<ExperimentRecord>(`${SELECT} AND experiment_id = $2`, [tx.tenantId, experimentId]);
    return row && toExperiment(row);
  }

  async findByName(tx: Tx, name: string): Promise<TrackedExperiment | undefined> {
    const [row] = await tx.query<ExperimentRecord>(`${SELECT} AND name = $2`, [tx.tenantId, name]);
    return row && toExperiment(row);
  }

  async search(tx: Tx, search: Search): Promise<Found<TrackedExperiment>> {
    const { items, nextPageToken } = await searchRows<ExperimentRecord>(tx, search, {
      select: SELECT,
      values: [tx.tenantId],
      fields: FIELDS,
      orderOf,
      ties: 'created_at DESC, experiment_id DESC',
      stage: 'lifecycle_stage',
    });
    return { items: items.map(toExperiment), nextPageToken };
  }

  async moveTo(tx: Tx, experimentId: string, stage: LifecycleStage, now: Date): Promise<void> {
    await tx.query(
      'UPDATE experiment SET lifecycle_stage = $3, updated_at = $4 WHERE tenant_id = $1 AND experiment_id = $2',
      [tx.tenantId, experimentId, stage, now],
    );
    await tx.query('UPDATE run SET lifecycle_stage = $3 WHERE tenant_id = $1 AND experiment_id = $2', [
      tx.tenantId,
      experimentId,
      stage,
    ]);
  }

  async rename(tx: Tx, experimentId: string, name: string, now: Date): Promise<boolean> {
    const other = await this.findByName(tx, name);
    if (other !== undefined) return other.experimentId === experimentId;
    try {
      await tx.query('UPDATE experiment SET name = $3, updated_at = $4 WHERE tenant_id = $1 AND experiment_id = $2', [
        ...[tx.tenantId, experimentId, name, now],
      ]);
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
    await tx.query('UPDATE run SET experiment = $3 WHERE tenant_id = $1 AND experiment_id = $2', [
      ...[tx.tenantId, experimentId, name],
    ]);
    return true;
  }

  async setTag(tx: Tx, experimentId: string, { key, value }: KeyValue, now: Date): Promise<void> {
    await tx.query(
      'UPDATE experiment SET tags = tags || jsonb_build_object($3::text, $4::text), updated_at = $5 WHERE tenant_id = $1 AND experiment_id = $2',
      [tx.tenantId, experimentId, key, value, now],
    );
  }

  async deleteTag(tx: Tx, experimentId: string, key: string, now: Date): Promise<boolean> {
    const rows = await tx.query(
      'UPDATE experiment SET tags = tags - $3::text, updated_at = $4 WHERE tenant_id = $1 AND experiment_id = $2 AND tags ? $3::text RETURNING 1',
      [tx.tenantId, experimentId, key, now],
    );
    return rows.length === 1;
  }
}

function tagsJson(tags: readonly KeyValue[]): string {
  return JSON.stringify(Object.fromEntries(tags.map(({ key, value }) => [key, value])));
}
