// Everything that is printed from the contracts, as a map from file name to text.
import { stringify } from 'yaml';
import { asyncApiOf, envelopeOf, schemaId } from './asyncapi.mjs';
import { jsonSchemaOf } from './json-schema.mjs';
import { openApiOf } from './openapi.mjs';
import { checkReleased, digestOfEvent } from './released.mjs';

export const LOCK_FILE = 'released.lock.json';

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const yaml = (value) =>
  `# Printed from contracts/ by \`npm run contracts:print\`; edit those.\n${stringify(value, { lineWidth: 140, aliasDuplicateObjects: false })}`;

/**
 * @param contracts the built package
 * @param locked the lock as committed
 * @param recorded names of files that are written once and never again: the examples of released versions
 * @returns {{ files: Map<string, string>, faults: string[] }}
 */
export function render(contracts, { locked = {}, recorded = new Map(), amended = [], version = '1' } = {}) {
  const { events, topics, httpContracts, cloudEventSchema, problemSchema } = contracts;
  const files = new Map();
  const today = {};
  for (const event of events) {
    const schema = jsonSchemaOf(event.data);
    const { subject: key } = envelopeOf(event);
    today[event.type] = { digest: digestOfEvent({ schema, topic: event.topic.name, key }), topic: event.topic.name };
    files.set(`schemas/${event.type}.json`, json(eventSchema(event, schema)));
    const example = `examples/${event.type}.json`;
    files.set(example, (amended.includes(event.type) ? undefined : recorded.get(example)) ?? json(envelopeOf(event)));
  }
  const { faults, lock } = checkReleased(locked, today, amended);
  files.set(LOCK_FILE, json(lock));
  files.set('asyncapi.yaml', yaml(asyncApiOf({ events, topics, cloudEventSchema, version })));
  for (const contract of httpContracts) {
    files.set(`${contract.service}.openapi.yaml`, yaml(openApiOf(contract, { problemSchema, version })));
  }
  files.set('inference.proto', contracts.inferenceProto);
  return { files, faults };
}

function eventSchema(event, schema) {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: schemaId(event.type),
    title: event.type,
    description: event.summary,
    ...schema,
  };
}
