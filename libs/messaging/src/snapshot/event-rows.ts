import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import type { CloudEvent } from '@myriad/contracts';
import { z } from 'zod';
import { assertOneTenant, type Definitions } from '../events/parse-event.js';
import { messagingProblem } from '../messaging-problem.js';
import { eventOfShape } from './event-shape.js';
import { decodeValue, VALUE, valueEnd } from './row-values.js';

const decompress = promisify(zstdDecompress);

/** More than that no part of ours unpacks to. */
const MAX_UNPACKED_BYTES = 64 * 1_048_576;
/** Of the tenant, which stands in a row first. */
const TENANT_COLUMN = 0;

const headerSchema = z.object({
  columns: z.array(z.string()),
  shapes: z.array(z.looseObject({ type: z.string(), data: z.unknown() })),
});

/**
 * The events of a part of a snapshot, one row at a time: as it lies, for who keeps numbers and bytes, or as an event. They were checked by their contracts when they were written; a row names its tenant
 * once, so that nothing in it can be of another.
 */
export class EventRows {
  /** Number of the row's shape; rows of one shape differ in nothing but their columns. */
  shape = -1;
  /** Of the row's values, by the number of the column: the kind (`VALUE`), and where its bytes begin. */
  readonly kinds: Uint8Array;
  readonly starts: Uint32Array;
  private readonly columns: readonly string[];
  private readonly shapes: z.output<typeof headerSchema>['shapes'];
  private at: number;

  private constructor(readonly bytes: Buffer) {
    const end = 4 + bytes.readUInt32LE(0);
    const { columns, shapes } = headerSchema.parse(JSON.parse(bytes.toString('utf8', 4, end)));
    if (columns[TENANT_COLUMN] !== 'tenantid') throw new Error('a part whose rows do not begin with the tenant');
    this.columns = columns;
    this.shapes = shapes;
    this.kinds = new Uint8Array(columns.length);
    this.starts = new Uint32Array(columns.length);
    this.at = end;
  }

  /** @throws when it is no part with events */
  static async of(part: Buffer): Promise<EventRows> {
    return new EventRows(await decompress(part, { maxOutputLength: MAX_UNPACKED_BYTES }));
  }

  /** Goes to the next row; false where there is none. @throws when the row is no row */
  next(): boolean {
    const { bytes, kinds, starts } = this;
    let { at } = this;
    if (at >= bytes.length) return false;
    this.shape = bytes.readUInt32LE(at);
    at += 4;
    for (let i = 0; i < kinds.length; i += 1) {
      const kind = bytes[at] as number;
      kinds[i] = kind;
      starts[i] = at + 1;
      at = valueEnd(bytes, kind, at + 1);
    }
    if (at > bytes.length || this.shape >= this.shapes.length) throw new Error('a part that ends within a row');
    this.at = at;
    return true;
  }

  /** Number of the column with this path (`tenantid`, `data.version`); −1 where there is none. */
  column(path: string): number {
    return this.columns.indexOf(path);
  }

  /** Of the row's event. */
  get type(): string {
    return this.shapes[this.shape]?.type ?? '';
  }

  /** The row as an event. @throws {ProblemError} `messaging.invalid_event` when it is of no known type, or of two tenants. */
  event(definitions: Definitions): CloudEvent {
    const definition = definitions.get(this.type);
    if (definition === undefined)
      throw messagingProblem('unprocessable', 'invalid_event', `'${this.type}' is no event type of the contracts`);
    const tenant = this.kinds[TENANT_COLUMN] === VALUE.text ? String(this.value(TENANT_COLUMN, '')) : '';
    const values = this.columns.map((_path, i) => this.value(i, tenant));
    const event = eventOfShape(this.shapes[this.shape] ?? {}, this.columns, values) as unknown as CloudEvent;
    const subject = definition.key(event.data, tenant);
    const whole = { ...event, subject };
    assertOneTenant(whole, definition, subject);
    return whole;
  }

  private value(column: number, tenant: string): unknown {
    return decodeValue(this.bytes, this.kinds[column] as number, this.starts[column] as number, tenant);
  }
}
