import { aliasMovedV1, objectsRemovedV1, requestAuditedV1, rolloutChangedV1 } from '@myriad/contracts';
import { digestOfJson } from '@myriad/kernel';
import type { Rule } from '../rule.js';
import type { World } from '../world.js';

const EMPTY_CHAIN_HASH = `sha256:${'0'.repeat(64)}`;

interface AuditRow extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly seq: number;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly at: string;
  readonly details: string;
  readonly previous_hash: string;
  readonly hash: string;
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

const chainWhole: Rule = {
  name: 'audit-chain-whole',
  promise: "Every tenant's audit chain is unbroken from its first record to its noted head.",
  breaches: async (world) => {
    const heads = await world.rows<Head & { readonly tenant_id: string } & Readonly<Record<string, unknown>>>(
      'auth',
      'select tenant_id, seq::int, hash from audit_head order by tenant_id',
    );
    const records = await world.rows<AuditRow>(
      'auth',
      'select tenant_id, seq::int, actor, action, object, at, details, previous_hash, hash from audit_record order by tenant_id, seq',
    );
    const chains = new Map<string, AuditRow[]>();
    for (const record of records) {
      const chain = chains.get(record.tenant_id) ?? [];
      chain.push(record);
      chains.set(record.tenant_id, chain);
    }
    const headless = [...chains.keys()].filter((tenant) => !heads.some((head) => head.tenant_id === tenant));
    return [
      ...heads.flatMap((head) => faultOf(head.tenant_id, chains.get(head.tenant_id) ?? [], head)),
      ...headless.map((tenant) => `the chain of ${tenant} has no head`),
    ];
  },
};

/** Auth's own check, done again by another hand. */
function faultOf(tenant: string, records: readonly AuditRow[], head: Head): readonly string[] {
  let before: Head = { seq: 0, hash: EMPTY_CHAIN_HASH };
  for (const record of records) {
    const { seq, actor, action, object, at, previous_hash: previousHash, hash } = record;
    const details: unknown = JSON.parse(record.details);
    const content = { previousHash, seq, tenantId: record.tenant_id, actor, action, object, at, details };
    if (seq !== before.seq + 1) return [`the chain of ${tenant} lacks record ${before.seq + 1}`];
    if (previousHash !== before.hash) return [`record ${seq} of ${tenant} does not follow from the one before`];
    if (digestOfJson(content) !== hash) return [`record ${seq} of ${tenant} does not have its hash`];
    before = { seq, hash };
  }
  return before.seq === head.seq && before.hash === head.hash
    ? []
    : [`the chain of ${tenant} ends at ${before.seq}, its noted head is ${head.seq}`];
}

/** Events that each leave one record, by the record's action. */
const AUDITED = [
  { definition: requestAuditedV1, where: `action = 'request'`, what: 'requests' },
  { definition: aliasMovedV1, where: `action = 'alias.moved'`, what: 'moves of aliases' },
  { definition: rolloutChangedV1, where: `action like 'rollout.%'`, what: 'changes of rollouts' },
  { definition: objectsRemovedV1, where: `action = 'objects.removed'`, what: 'removals of objects' },
] as const;

const auditComplete: Rule = {
  name: 'audit-complete',
  promise: 'Each event that is to be audited has one record in the chain of its tenant.',
  breaches: async (world) => {
    const found = await Promise.all(AUDITED.map((audited) => countDifferences(world, audited)));
    return found.flat();
  },
};

async function countDifferences(
  world: World,
  { definition, where, what }: (typeof AUDITED)[number],
): Promise<readonly string[]> {
  const told = new Map<string, number>();
  for (const { tenantId } of (await world.logContent()).of(definition))
    told.set(tenantId, (told.get(tenantId) ?? 0) + 1);
  const rows = await world.rows<{ tenant_id: string; records: number }>(
    'auth',
    `select tenant_id, count(*)::int as records from audit_record where ${where} group by tenant_id`,
  );
  const kept = new Map(rows.map(({ tenant_id, records }) => [tenant_id, records]));
  const isPartial = await hasLost(world, definition.topic.name);
  return [...new Set([...told.keys(), ...kept.keys()])]
    .map((tenant) => ({ tenant, events: told.get(tenant) ?? 0, records: kept.get(tenant) ?? 0 }))
    .filter(({ events, records }) => (isPartial ? records < events : records !== events))
    .map(({ tenant, events, records }) => `${tenant}: ${events} ${what} in the log, ${records} in the chain`);
}

/** Whether the log has compacted away or expired something of the topic. */
async function hasLost(world: World, topic: string): Promise<boolean> {
  const ends = await world.eventLog.lag('auth', [topic]);
  const appended = ends.reduce((sum, { endOffset }) => sum + Number(endOffset), 0);
  return (await world.logContent()).recordsIn(topic) < appended;
}

export const auditRules: readonly Rule[] = [chainWhole, auditComplete];
