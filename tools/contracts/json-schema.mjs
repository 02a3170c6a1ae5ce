// zod to JSON Schema 2020-12, without what says nothing to a reader.
import { z } from 'zod';

/** `io`: what is sent to us (`input`) or by us (`output`). Objects take unknown members unless their zod refuses them. */
export function jsonSchemaOf(schema, io = 'input') {
  const printed = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return withoutDialect(io === 'output' ? withOpenObjects(printed) : printed);
}

function tidy(node) {
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  // The format says it; the pattern is 300 characters long.
  if (node.format === 'date-time' || node.format === 'uuid') delete node.pattern;
  if (node.propertyNames?.type === 'string' && Object.keys(node.propertyNames).length === 1) delete node.propertyNames;
}

const mapDeep = (node, change) => {
  if (Array.isArray(node)) return node.map((item) => mapDeep(item, change));
  if (typeof node !== 'object' || node === null) return node;
  return change(Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapDeep(value, change)])));
};

const withoutDialect = (schema) => mapDeep(schema, ({ $schema: _, ...rest }) => rest);

/** A later server may answer more members: a client must not refuse them. */
const withOpenObjects = (schema) =>
  mapDeep(schema, (node) => {
    if (node.type !== 'object' || node.additionalProperties !== false) return node;
    const { additionalProperties: _, ...rest } = node;
    return rest;
  });

/** The schema without its words, for digests and comparisons: only what it allows counts. */
export function withoutWords(schema) {
  return mapDeep(schema, (node) => {
    const { title, description, ...rest } = node;
    // Members that happen to be called so are schemas themselves, not texts.
    if (typeof title === 'object') rest.title = title;
    if (typeof description === 'object') rest.description = description;
    return rest;
  });
}
