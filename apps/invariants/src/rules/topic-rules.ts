import {
  type EventData,
  type EventDefinition,
  aliasMovedV1,
  applicationChangedV1,
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  recipeChangedV1,
  suiteChangedV1,
  tenantChangedV1,
  tenantPurgedV1,
} from '@myriad/contracts';
import { differences } from '../differences.js';
import type { Rule } from '../rule.js';
import type { DatabaseName, Row, World } from '../world.js';

/** A compacted topic, and the table of its owner: columns of equal names. */
interface State {
  readonly definition: EventDefinition;
  readonly toRow: (data: unknown, tenantId: string) => Row;
  readonly key: readonly string[];
  readonly database: DatabaseName;
  readonly sql: string;
}

function state<D extends EventDefinition>(
  definition: D,
  toRow: (data: EventData<D>, tenantId: string) => Row,
  owner: Pick<State, 'key' | 'database' | 'sql'>,
): State {
  return { definition, toRow: (data, tenantId) => toRow(data as EventData<D>, tenantId), ...owner };
}

const OF_AUTH: readonly State[] = [
  state(
    tenantChangedV1,
    ({ tenantId, status, rateLimit, generation }) => ({ tenantId, status, rateLimit, generation }),
    {
      key: ['tenantId'],
      database: 'auth',
      sql: 'select tenant_id as "tenantId", status, rate_limit as "rateLimit", generation from tenant',
    },
  ),
  state(tenantPurgedV1, ({ tenantId, requestedBy, confirmedBy }) => ({ tenantId, requestedBy, confirmedBy }), {
    key: ['tenantId'],
    database: 'auth',
    sql: `select tenant_id as "tenantId", requested_by as "requestedBy", confirmed_by as "confirmedBy"
          from tenant_purge where confirmed_at is not null`,
  }),
  state(
    principalChangedV1,
    ({ homeTenantId, principalId, status, generation, bindings }) => ({
      homeTenantId,
      principalId,
      status,
      generation,
      bindings: bindings.map(({ role, tenantId, environment }) => ({ role, tenantId, environment })),
    }),
    {
      key: ['homeTenantId', 'principalId'],
      database: 'auth',
      sql: 'select tenant_id as "homeTenantId", principal_id as "principalId", status, generation, bindings from principal',
    },
  ),
  state(
    keyChangedV1,
    ({ tenantId, keyId, hash, principalId, scopes, revokedAt }) => ({
      tenantId,
      keyId,
      hash,
      principalId,
      scopes,
      isRevoked: revokedAt !== null,
    }),
    {
      key: ['tenantId', 'keyId'],
      database: 'auth',
      sql: 'select tenant_id as "tenantId", key_id as "keyId", hash, principal_id as "principalId", scopes, revoked_at is not null as "isRevoked" from api_key',
    },
  ),
];

const OF_OTHERS: readonly State[] = [
  state(
    applicationChangedV1,
    ({ name, generation, suite, recipe, label }, tenantId) => ({ tenantId, name, generation, suite, recipe, label }),
    {
      key: ['tenantId', 'name'],
      database: 'registry',
      sql: `select tenant_id as "tenantId", name, (body->>'generation')::int as generation, body->>'suite' as suite, body->>'recipe' as recipe, body->>'label' as label from application`,
    },
  ),
  // a removed alias points to nothing in the topic, and is not in the table
  state(aliasMovedV1, ({ tenantId, modelName, alias, versionId }) => ({ tenantId, modelName, alias, versionId }), {
    key: ['tenantId', 'modelName', 'alias'],
    database: 'registry',
    sql: `select tenant_id as "tenantId", model_name as "modelName", alias, version_id as "versionId" from model_alias
          union all select * from (select distinct on (tenant_id, model_name, alias) tenant_id, model_name, alias, version_id from alias_move
            order by tenant_id, model_name, alias, move_id desc) newest where version_id is null`,
  }),
  state(recipeChangedV1, ({ name, version, sourceDigest }, tenantId) => ({ tenantId, name, version, sourceDigest }), {
    key: ['tenantId', 'name'],
    database: 'training',
    sql: 'select distinct on (tenant_id, name) tenant_id as "tenantId", name, version, source_digest as "sourceDigest" from recipe order by tenant_id, name, version desc',
  }),
  state(suiteChangedV1, ({ name, version, digest }, tenantId) => ({ tenantId, name, version, digest }), {
    key: ['tenantId', 'name'],
    database: 'evaluator',
    sql: 'select distinct on (tenant_id, name) tenant_id as "tenantId", name, version, digest from suite order by tenant_id, name, version desc',
  }),
  state(
    placementChangedV1,
    ({ tenantId, environment, modelName, generation, status, versionId, pool, rolloutId }) => ({
      tenantId,
      environment,
      modelName,
      generation,
      status,
      versionId,
      pool,
      rolloutId,
    }),
    {
      key: ['tenantId', 'environment', 'modelName'],
      database: 'deployer',
      sql: `select tenant_id as "tenantId", environment, model_name as "modelName", generation, status, served->>'versionId' as "versionId", pool, rollout_id as "rolloutId" from placement`,
    },
  ),
  state(
    poolChangedV1,
    ({ environment, pool, status, generation, endpoints }) => ({ environment, pool, status, generation, endpoints }),
    {
      key: ['environment', 'pool'],
      database: 'deployer',
      sql: 'select environment, pool, status, generation, replicas as endpoints from pool',
    },
  ),
];

async function compared(world: World, { definition, toRow, key, database, sql }: State): Promise<readonly string[]> {
  const copies = (await world.logContent()).newestOf(definition).map(({ data, tenantId }) => toRow(data, tenantId));
  const originals = await world.rows<Row>(database, sql);
  return differences({ copy: definition.topic.name, original: database, key, copies, originals });
}

const topicsAgree: Rule = {
  name: 'topics-agree',
  promise: 'The newest event of each key of a compacted topic says what its owner has.',
  breaches: async (world) => (await Promise.all([...OF_AUTH, ...OF_OTHERS].map((one) => compared(world, one)))).flat(),
};

export const topicRules: readonly Rule[] = [topicsAgree];
