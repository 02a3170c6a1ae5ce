import { describe, expect, it } from '@jest/globals';
import { eventsByType, type CloudEvent, type EventDefinition } from '@myriad/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEvent, parseEvent, toRecord } from '../src/index.js';

/** What is committed of each released version: its schema, an event as it was made then, and the lock that keeps both from being edited. */
const printed = join(import.meta.dirname, '../../../contracts/printed');
const read = (name: string): unknown => JSON.parse(readFileSync(join(printed, name), 'utf8'));
const released = Object.keys(read('released.lock.json') as object);

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajvFormats.default(ajv);

interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
}

/** The value as a newer producer may make it: every object has a member that nobody knows yet. A map of names to values has none to add. */
function newer(value: unknown, schema: Schema = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => newer(item, schema.items));
  if (typeof value !== 'object' || value === null) return value;
  const { properties, additionalProperties } = schema.anyOf?.find((one) => one.properties !== undefined) ?? schema;
  const isMap = typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0;
  const ofMember = isMap ? additionalProperties : undefined;
  const members = Object.entries(value).map(([name, member]) => [name, newer(member, properties?.[name] ?? ofMember)]);
  return { ...Object.fromEntries(members), ...(!isMap && { memberOfTomorrow: { is: ['unknown', 1, null] } }) };
}

const recordOf = (event: CloudEvent): { key: string; value: Buffer } => ({
  key: event.subject,
  value: Buffer.from(JSON.stringify(event)),
});

describe.each(released)('%s as released', (type) => {
  const example = read(`examples/${type}.json`) as CloudEvent;
  const definition = eventsByType.get(type) as EventDefinition;
  const schema = read(`schemas/${type}.json`) as Schema & { readonly required: readonly string[] };
  const accepts = ajv.compile(schema);

  it('was made by an old producer and is read by the consumers of today', () => {
    expect(parseEvent(recordOf(example))).toEqual(example);
  });

  it('may come from a newer producer, with members and attributes that nobody knows yet', () => {
    const event = { ...example, attributeoftomorrow: 'x', data: newer(example.data, schema) };
    const parsed = parseEvent(recordOf(event));
    expect(parsed.data).toMatchObject(example.data as object);
    expect(parsed.id).toBe(example.id);
  });

  it('is made today so that consumers of the released version read it', () => {
    const made = makeEvent(definition, { tenantId: example.tenantid, source: 'test', data: definition.example });
    const { value, key, topic } = toRecord(made, definition);
    const sent = JSON.parse(String(value)) as CloudEvent;
    expect(accepts(sent.data) ? [] : accepts.errors).toEqual([]);
    expect({ key, topic }).toEqual({ key: example.subject, topic: definition.topic.name });
    expect(Object.keys(sent)).toEqual(expect.arrayContaining(Object.keys(example)));
  });

  it('is read by consumers of the released version when a newer producer added members', () => {
    expect(accepts(newer(example.data, schema)) ? [] : accepts.errors).toEqual([]);
  });

  it('is refused when it is not what was released', () => {
    for (const name of schema.required) {
      const data = Object.fromEntries(Object.entries(example.data as object).filter(([member]) => member !== name));
      expect(() => parseEvent(recordOf({ ...example, data }))).toThrow('against its contract');
    }
  });
});
