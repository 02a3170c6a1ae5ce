import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  events,
  keyChangedV1,
  placementChangedV1,
  topics,
  type CloudEvent,
  type EventData,
  type EventDefinition,
} from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import {
  MemoryEventLog,
  ensureContractTopics,
  eventPublisher,
  makeEvent,
  parseEvent,
  tailEvents,
  toRecord,
} from '../src/index.js';

type KeyChanged = CloudEvent<EventData<typeof keyChangedV1>>;

/** The tenant that the example is of; those that name none can be of any. */
const tenantOf = ({ key, example }: EventDefinition): string => key(example, 'aa').split('/')[0] ?? '';

describe('events', () => {
  let log: MemoryEventLog;
  beforeEach(async () => {
    log = new MemoryEventLog();
    await ensureContractTopics(log);
  });
  afterEach(() => log.close());

  it('make the way from definition to record and back for each contract', () => {
    for (const definition of events) {
      const tenantId = tenantOf(definition);
      const event = makeEvent(definition, {
        tenantId,
        data: definition.example,
        source: 'test',
        causationid: 'c',
        traceparent: '00-1',
      });
      const record = toRecord(event, definition);
      expect(record).toMatchObject({ topic: definition.topic.name, key: definition.key(event.data, tenantId) });
      expect(parseEvent(record)).toEqual(event);
      expect(event).toMatchObject({ source: '/myriad/test', tenantid: tenantId, subject: record.key });
    }
  });

  describe('of two tenants', () => {
    const named = events.filter(({ key, example }) => key(example, 'one') === key(example, 'other'));

    it.each(named)('are refused: $type in the envelope of a tenant that its data is not of', (definition) => {
      for (const tenantId of ['mallory', tenantOf(definition).slice(0, -1), `${tenantOf(definition)}-x`]) {
        const event = makeEvent(definition, { tenantId, data: definition.example, source: 'test' });
        expect(() => parseEvent(toRecord(event, definition))).toThrow(
          expect.objectContaining({ code: 'messaging.invalid_event' }),
        );
      }
    });

    it.each(events)("are refused: $type under another tenant's key, or a subject that is not its key", (definition) => {
      const event = makeEvent(definition, {
        tenantId: tenantOf(definition),
        data: definition.example,
        source: 'test',
      });
      const record = toRecord(event, definition);
      const foreign = event.subject.replace(/^[^/]+/, 'mallory');
      expect(() => parseEvent({ ...record, key: foreign })).toThrow(
        expect.objectContaining({ code: 'messaging.invalid_event' }),
      );
      expect(() => parseEvent({ ...record, key: 'mallory' })).toThrow(
        expect.objectContaining({ code: 'messaging.invalid_event' }),
      );
      const posing = toRecord({ ...event, subject: foreign }, definition);
      expect(() => parseEvent(posing)).toThrow(expect.objectContaining({ code: 'messaging.invalid_event' }));
      expect(() => parseEvent({ ...posing, key: event.subject })).toThrow(
        expect.objectContaining({ code: 'messaging.invalid_event' }),
      );
    });
  });

  it('are refused when their data is against the contract, with pointers', () => {
    const data = { ...keyChangedV1.example, prefix: 'x', hash: 'y' };
    let thrown: unknown;
    try {
      makeEvent(keyChangedV1, { tenantId: 'aa', data, source: 'auth' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'messaging.invalid_event',
      errors: [{ pointer: '/data/prefix' }, { pointer: '/data/hash' }],
    });
  });

  it('find all topics of the contracts made', async () => {
    const partitions = await log.lag(
      'g',
      topics.map((topic) => topic.name),
    );
    expect(partitions).toHaveLength(topics.reduce((sum, topic) => sum + topic.partitions, 0));
  });

  it('build a cache from the start of their topics and keep it up to date, past what is broken', async () => {
    const publish = eventPublisher(log);
    const change = (keyId: string): Promise<void> => {
      const data = { ...keyChangedV1.example, keyId };
      const event = makeEvent(keyChangedV1, { tenantId: 'aa', data, source: 'auth' });
      return publish([{ event, definition: keyChangedV1 }]);
    };
    await change('key_1');
    const topic = keyChangedV1.topic.name;
    await log.append([{ topic, key: 'aa/broken', value: Buffer.from('{'), headers: {} }]);
    await change('key_2');
    const seen: string[] = [];
    const removed: string[] = [];
    const tail = await tailEvents(
      log,
      {
        [keyChangedV1.type]: (event: KeyChanged) => {
          seen.push(event.data.keyId);
        },
        [placementChangedV1.type]: () => undefined,
      },
      { onRemoved: (_topic, key) => removed.push(key) },
    );
    await tail.caughtUp;
    expect(seen).toEqual(['key_1', 'key_2']);
    await change('key_3');
    await log.append([{ topic, key: 'aa/key_1', value: null, headers: {} }]);
    await eventually(() => {
      expect(seen).toEqual(['key_1', 'key_2', 'key_3']);
      expect(removed).toEqual(['aa/key_1']);
    });
    await tail.close();
  });

  it('are not tailed when no contract knows their type', async () => {
    await expect(tailEvents(log, { 'no.such.v1': () => undefined })).rejects.toMatchObject({
      code: 'messaging.invalid_option',
    });
  });
});
