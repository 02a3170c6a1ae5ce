import type { CloudEvent } from '@myriad/contracts';
import type { Definitions } from '../events/parse-event.js';

/** In which any two events differ; the tenant first. */
const ENVELOPE_COLUMNS = ['tenantid', 'id', 'time', 'traceparent', 'causationid'];

/** The columns of a topic's events, as paths. */
export function columnsOf(topic: string, definitions: Definitions): readonly string[] {
  const own = [...definitions.values()].filter((definition) => definition.topic.name === topic);
  const inData = new Set(own.flatMap(({ columns = [] }) => columns));
  return [...ENVELOPE_COLUMNS, ...[...inData].map((path) => `data.${path}`)];
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An event's values in columns, and what is left of it as JSON. */
export function textOfShape(
  event: CloudEvent,
  columns: readonly string[],
): { readonly values: readonly unknown[]; readonly text: string } {
  const { subject: _subject, ...left }: Fields = { ...event };
  const values = new Writer(left, columns).take();
  return { values, text: JSON.stringify(left) };
}

/** An event of a shape and the values of a row; what has no column is the shape's own and not a copy. The subject is not there yet. */
export function eventOfShape(shape: Fields, columns: readonly string[], values: readonly unknown[]): Fields {
  const event = { ...shape };
  new Writer(event, columns).put(values);
  return event;
}

/** Takes and puts values at paths of an object whose inner objects are others' too: each is copied once. */
class Writer {
  private readonly inner = new Map<string, Fields | undefined>();

  constructor(
    private readonly root: Fields,
    private readonly columns: readonly string[],
  ) {}

  take(): readonly unknown[] {
    return this.columns.map((path) => {
      const { fields, name } = this.at(path);
      const value = fields?.[name];
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- what is left is the shape
      if (fields !== undefined) delete fields[name];
      return value;
    });
  }

  put(values: readonly unknown[]): void {
    for (const [i, path] of this.columns.entries()) {
      if (values[i] === undefined) continue;
      const { fields, name } = this.at(path);
      if (fields !== undefined) fields[name] = values[i];
    }
  }

  private at(path: string): { readonly fields: Fields | undefined; readonly name: string } {
    const end = path.lastIndexOf('.');
    return { fields: end < 0 ? this.root : this.own(path.slice(0, end)), name: path.slice(end + 1) };
  }

  /** undefined where the path leads to nothing that has fields. */
  private own(path: string): Fields | undefined {
    if (this.inner.has(path)) return this.inner.get(path);
    const { fields, name } = this.at(path);
    const there = fields?.[name];
    const copy = isFields(there) ? { ...there } : undefined;
    if (copy !== undefined && fields !== undefined) fields[name] = copy;
    this.inner.set(path, copy);
    return copy;
  }
}
