// The AsyncAPI 3.0 document of the mesh: a channel is a topic of the event log, a message an event in its CloudEvents envelope.
import { jsonSchemaOf } from './json-schema.mjs';

const EXAMPLE_TENANT = 'platform';

export function asyncApiOf({ events, topics, cloudEventSchema, version }) {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Myriad events',
      version,
      description:
        'What the services tell each other. Delivery is at least once and in order per key; a key starts with its tenant. ' +
        'A released version of an event is never edited: see released.lock.json.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [topic.name, channelOf(topic, events)])),
    operations: Object.fromEntries(topics.map((topic) => [`publish.${topic.name}`, operationOf(topic, events)])),
    components: {
      messages: Object.fromEntries(events.map((event) => [event.type, messageOf(event)])),
      schemas: { CloudEvent: jsonSchemaOf(cloudEventSchema) },
    },
  };
}

/** Where an event says its schema is; the same that `libs/messaging` writes. */
export const schemaId = (type) => `https://schemas.myriad.dev/events/${type}.json`;

const eventsOn = (topic, events) => events.filter((event) => event.topic.name === topic.name);

function channelOf(topic, events) {
  const keep =
    topic.cleanup === 'compact' ? 'the newest event of each key' : `events for ${topic.retentionMs / 86_400_000} days`;
  return {
    address: topic.name,
    description: `Keeps ${keep}.`,
    messages: Object.fromEntries(
      eventsOn(topic, events).map((event) => [event.type, { $ref: `#/components/messages/${event.type}` }]),
    ),
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: {
          'cleanup.policy': [topic.cleanup],
          ...(topic.retentionMs === undefined ? {} : { 'retention.ms': topic.retentionMs }),
        },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function operationOf(topic, events) {
  const [, service] = topic.name.split('.');
  return {
    action: 'send',
    summary: `Published by ${service}.`,
    channel: { $ref: `#/channels/${topic.name}` },
    messages: eventsOn(topic, events).map((event) => ({ $ref: `#/channels/${topic.name}/messages/${event.type}` })),
  };
}

function messageOf(event) {
  return {
    name: event.type,
    title: event.type,
    summary: event.summary,
    contentType: 'application/cloudevents+json',
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        { type: 'object', properties: { type: { const: event.type }, data: { $ref: `./schemas/${event.type}.json` } } },
      ],
    },
    bindings: { kafka: { key: { type: 'string', description: 'starts with the tenant' }, bindingVersion: '0.5.0' } },
    examples: [{ name: 'example', payload: envelopeOf(event) }],
  };
}

/** The example as it would stand in the log. */
export function envelopeOf(event) {
  const tenantId = event.example.tenantId ?? event.example.homeTenantId ?? EXAMPLE_TENANT;
  const [service] = event.type.split('.');
  return {
    specversion: '1.0',
    id: '01900000-0000-7000-8000-000000000000',
    type: event.type,
    source: `/myriad/${service}`,
    subject: event.key(event.example, tenantId),
    time: '2026-01-31T12:00:00.000Z',
    dataschema: schemaId(event.type),
    datacontenttype: 'application/json',
    tenantid: tenantId,
    data: event.example,
  };
}
