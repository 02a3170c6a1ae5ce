import { describe, expect, it } from '@jest/globals';
import { events, eventsByType, placementChangedV1, topics, type CloudEvent } from '@myriad/contracts';
import { EventPartBuilder } from '../src/snapshot/event-part.js';
import { EventRows } from '../src/snapshot/event-rows.js';
import {
  MemoryEventLog,
  ensureContractTopics,
  makeEvent,
  tailEvents,
  toRecord,
  writeTopicSnapshot,
} from '../src/index.js';
import { MemorySnapshotStore } from './memory-snapshot-store.js';

const topic = placementChangedV1.topic.name;
const digest = `sha256:${'0f'.repeat(32)}` as const;

type Data = Partial<typeof placementChangedV1.example>;

function placed(tenantId: string, data: Data = {}, traceparent?: string): CloudEvent {
  const whole = { ...placementChangedV1.example, ...data, tenantId };
  return makeEvent(placementChangedV1, {
    tenantId,
    data: whole,
    source: 'deployer',
    ...(traceparent && { traceparent }),
  });
}

async function rowsOf(given: readonly CloudEvent[], of = topic): Promise<EventRows> {
  const builder = new EventPartBuilder(of, eventsByType);
  for (const event of given) builder.add(event);
  return EventRows.of((await builder.take()) as Buffer);
}

async function there(given: readonly CloudEvent[], of = topic): Promise<readonly CloudEvent[]> {
  const rows = await rowsOf(given, of);
  const read: CloudEvent[] = [];
  while (rows.next()) read.push(rows.event(eventsByType));
  return read;
}

describe('events in rows', () => {
  it('come back as they were, of every contract', async () => {
    for (const { name } of topics) {
      const given = events
        .filter((definition) => definition.topic.name === name)
        .map((definition) => {
          const tenantId = definition.key(definition.example, 'aa').split('/')[0] ?? '';
          return makeEvent(definition, { tenantId, data: definition.example, source: 'test', causationid: 'evt_1' });
        });
      expect(await there(given, name)).toEqual(given);
    }
  });

  it('come back as they were, whatever stands in their columns', async () => {
    const serving = placementChangedV1.example.serving;
    const given = [
      placed(
        'aa',
        { versionId: `ver_${'a'.repeat(32)}`, rolloutId: 'aa', parityDigest: digest },
        `00-${'1'.repeat(32)}-1`,
      ),
      placed('bb', { modelName: 'bb', versionId: `ver_${'A'.repeat(32)}`, serving: null }),
      placed('cc', { serving: undefined, sizeBytes: 2 ** 40, versionId: 'ö' }),
      placed('dd', { serving: serving && { ...serving, micros: null, split: null } }),
      { ...placed('ee'), time: '2026-01-05T00:00:00+01:00', id: 'not a uuid', causationid: 'x'.repeat(70_000) },
      { ...placed('ff'), data: { ...placementChangedV1.example, tenantId: 'ff', later: { more: [1, 'ff'] } } },
    ];
    expect(await there(given)).toEqual(given);
  });

  it('say once what a fleet has in common', async () => {
    const rows = await rowsOf(Array.from({ length: 200 }, (_, i) => placed(`customer-${i}`, { generation: i + 1 })));
    const shapes = new Set<number>();
    while (rows.next()) shapes.add(rows.shape);
    expect(shapes.size).toBe(1);
  });

  it('name their tenant once: no row is of two', async () => {
    const other = { ...placed('aa'), data: { ...placementChangedV1.example, tenantId: 'mallory' } };
    const rows = await rowsOf([other]);
    rows.next();
    expect(() => rows.event(eventsByType)).toThrow(expect.objectContaining({ code: 'messaging.invalid_event' }));
  });

  it('that are cut short are no rows', async () => {
    const rows = await rowsOf([placed('aa')]);
    const cut = Object.assign(Object.create(EventRows.prototype), rows, {
      bytes: rows.bytes.subarray(0, -3),
    }) as EventRows;
    expect(() => cut.next()).toThrow();
  });
});

describe('a snapshot of events', () => {
  it('leaves out what is none, and is read by rows and by events', async () => {
    const log = new MemoryEventLog();
    await ensureContractTopics(log);
    const store = new MemorySnapshotStore();
    const given = ['aa', 'bb', 'cc'].map((tenantId) => placed(tenantId));
    await log.append(given.map((event) => toRecord(event, placementChangedV1)));
    await log.append([{ topic, key: 'dd/broken', value: Buffer.from('{'), headers: {} }]);
    const left: unknown[] = [];
    const logger = { debug: () => 0, info: () => 0, warn: () => 0, error: (fields: unknown) => void left.push(fields) };
    const { keys } = await writeTopicSnapshot({ log, topic, store, definitions: eventsByType, logger });
    expect([keys, left.length]).toEqual([3, 1]);
    const later = placed('ee');
    await log.append([toRecord(later, placementChangedV1)]);
    const [heard, taken]: [CloudEvent[], string[]] = [[], []];
    const tail = await tailEvents(
      log,
      { [placementChangedV1.type]: (event) => void heard.push(event) },
      {
        snapshots: store,
        rows: {
          [placementChangedV1.type]: (rows) => {
            const { data } = rows.event(eventsByType) as CloudEvent<typeof placementChangedV1.example>;
            if (data.tenantId !== 'bb') return false;
            taken.push(data.tenantId);
            return true;
          },
        },
      },
    );
    await tail.caughtUp;
    await tail.close();
    expect(taken).toEqual(['bb']);
    expect(heard.map(({ tenantid }) => tenantid).sort()).toEqual(['aa', 'cc', 'ee']);
    await log.close();
  });
});
