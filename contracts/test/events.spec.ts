import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTenantId } from '@myriad/kernel';
import { cloudEventSchema, events, eventsByType, topics, type EventDefinition } from '../index.js';

const PRINTED = join(import.meta.dirname, '../printed');
const named = events.map((event) => [event.type, event] as const);
const tenantOf = (event: EventDefinition): string => {
  const { tenantId, homeTenantId } = event.example as { tenantId?: string; homeTenantId?: string };
  return tenantId ?? homeTenantId ?? 'platform';
};

describe.each(named)('%s', (type, event) => {
  it('is named after its service, a past fact and its version, on a topic of that service', () => {
    expect(type).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*-[a-z]+\.v[1-9]\d*$/);
    expect(event.topic.name.split('.').slice(0, 2)).toEqual(['myriad', type.split('.')[0]]);
  });

  it('has an example that is valid and round-trips through JSON', () => {
    const parsed: unknown = event.data.parse(JSON.parse(JSON.stringify(event.example)));
    expect(parsed).toEqual(event.example);
  });

  it('refuses an example without any one of its required members', () => {
    const example = event.example as Record<string, unknown>;
    const optional = Object.keys(example).filter((name) => {
      const rest = Object.fromEntries(Object.entries(example).filter(([key]) => key !== name));
      return event.data.safeParse(rest).success;
    });
    // `nullable` members must be there; only what the schema calls optional may be absent.
    expect(optional.length).toBeLessThan(Object.keys(example).length);
    expect(event.data.safeParse({}).success).toBe(false);
  });

  it('has a key that starts with its tenant', () => {
    const tenant = tenantOf(event);
    const [first, ...rest] = event.key(event.example, tenant).split('/');
    expect(first).toBe(tenant);
    expect(isTenantId(tenant)).toBe(true);
    expect(rest.every((part) => part !== '')).toBe(true);
  });

  it('tells its data apart from what it is not', () => {
    for (const foreign of [null, [], 'text', 7]) expect(event.data.safeParse(foreign).success).toBe(false);
  });
});

describe('the events together', () => {
  it('have types of their own', () => {
    expect(eventsByType.size).toBe(events.length);
  });

  it('go to topics named by convention, each defined once', () => {
    for (const topic of topics) {
      expect(topic.name).toMatch(/^myriad\.[a-z]+\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$/);
      expect(topic.partitions).toBeGreaterThan(0);
      expect(topic.cleanup === 'delete').toBe(topic.retentionMs !== undefined);
      const same = events.filter((event) => event.topic.name === topic.name);
      expect(same.every((event) => event.topic === same[0]?.topic)).toBe(true);
    }
  });

  it('keep one state a key on a compacted topic: each type there has keys of its own form', () => {
    const compacted = topics.filter((topic) => topic.cleanup === 'compact');
    expect(compacted.length).toBeGreaterThan(0);
    for (const topic of compacted) expect(events.filter((event) => event.topic === topic)).toHaveLength(1);
  });
});

describe('compatibility', () => {
  const recorded = readdirSync(join(PRINTED, 'examples'));
  const lock = JSON.parse(readFileSync(join(PRINTED, 'released.lock.json'), 'utf8')) as Record<string, unknown>;

  it('has a recorded example of every released version', () => {
    expect(recorded.map((name) => name.replace(/\.json$/, '')).sort()).toEqual(Object.keys(lock).sort());
  });

  it.each(recorded)('reads %s as it was recorded', (name) => {
    const envelope = cloudEventSchema.parse(JSON.parse(readFileSync(join(PRINTED, 'examples', name), 'utf8')));
    const definition = eventsByType.get(envelope.type);
    expect(definition?.data.parse(envelope.data)).toEqual(envelope.data);
    expect(definition?.key(envelope.data, envelope.tenantid)).toBe(envelope.subject);
  });

  it.each(['registry.version-admitted.v1', 'evaluator.promotion-approved.v1', 'deployer.placement-changed.v1'])(
    'reads a %s of a version that was admitted before ways to serve were tried',
    (type) => {
      const { serving, ...before } = eventsByType.get(type)?.example as Record<string, unknown>;
      expect(serving).toMatchObject({ way: 'kernel' });
      expect(eventsByType.get(type)?.data.parse(before)).toEqual(before);
      expect(eventsByType.get(type)?.data.parse({ ...before, serving: null })).toEqual({ ...before, serving: null });
    },
  );
});
