/** As much of JSON Schema as the contracts print. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

/** What stands at a place; undefined leaves it to the schema. */
export type Fill = (at: string) => unknown;

/** The ends of a body, each with its way there: `.datasets[].name`. */
export function leavesOf(schema: Schema, at = ''): readonly { readonly at: string; readonly schema: Schema }[] {
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.flatMap((one) => leavesOf(one, at));
  if (schema.properties)
    return Object.entries(schema.properties).flatMap(([name, member]) => leavesOf(member, `${at}.${name}`));
  if (schema.items) return leavesOf(schema.items, `${at}[]`);
  return [{ at, schema }];
}

/** Whether the schema leaves open which text stands there: it may name something. */
export function isFreeText({ type, enum: among, const: only, format }: Schema): boolean {
  const isClosed = among !== undefined || only !== undefined || format === 'date-time';
  return !isClosed && !['boolean', 'number', 'integer', 'null'].includes(type ?? '');
}

/** A value of this schema: with its required members, and those that `fill` gives or leads to. */
export function sampleOf(schema: Schema, fill: Fill, at = ''): unknown {
  const given = fill(at);
  if (given !== undefined) return given;
  if (schema.const !== undefined) return schema.const;
  const [first] = schema.enum ?? [];
  if (first !== undefined) return first;
  const either = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  return either === undefined ? ofType(schema, fill, at) : sampleOf(either, fill, at);
}

function ofType(schema: Schema, fill: Fill, at: string): unknown {
  const { type = 'string', minItems = 1, items = {} } = schema;
  const makers: Readonly<Record<string, () => unknown>> = {
    object: () => objectOf(schema, fill, at),
    array: () => Array.from({ length: minItems }, () => sampleOf(items, fill, `${at}[]`)),
    integer: () => numberOf(schema),
    number: () => numberOf(schema),
    boolean: () => false,
    null: () => null,
  };
  return (makers[type] ?? (() => textOf(schema)))();
}

const numberOf = ({ minimum, exclusiveMinimum = 0 }: Schema): number => minimum ?? exclusiveMinimum + 1;

function objectOf({ properties = {}, required = [] }: Schema, fill: Fill, at: string): object {
  const isWanted = (name: string, schema: Schema): boolean =>
    required.includes(name) || leavesOf(schema, `${at}.${name}`).some((leaf) => fill(leaf.at) !== undefined);
  const wanted = Object.entries(properties).filter(([name, schema]) => isWanted(name, schema));
  return Object.fromEntries(wanted.map(([name, schema]) => [name, sampleOf(schema, fill, `${at}.${name}`)]));
}

function textOf({ format, pattern, minLength = 1 }: Schema): string {
  if (format === 'date-time') return '2099-01-01T00:00:00.000Z';
  if (pattern?.includes('sha256') === true) return `sha256:${'0'.repeat(64)}`;
  return 'x'.repeat(minLength);
}
