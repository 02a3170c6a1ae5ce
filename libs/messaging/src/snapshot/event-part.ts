import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import type { CloudEvent } from '@myriad/contracts';
import type { Definitions } from '../events/parse-event.js';
import { encodePlain, encodeTime, encodeValue } from './row-values.js';
import { columnsOf, textOfShape } from './event-shape.js';

const compress = promisify(zstdCompress);

/** A part ends with the event that reaches one of these. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 8 * 1_048_576;

/**
 * Events until they make a part: zstd over, little-endian,
 * `length u32 | JSON {columns, shapes} | rows: number of the shape u32, then a value for each column`.
 * A shape is an event without what stands in columns: what a fleet has in common is there once. The subject is left out: the contract makes it of the data. The tenant stands in a row once.
 */
export class EventPartBuilder {
  private readonly columns: readonly string[];
  private shapes = new Map<string, number>();
  private shapeBytes = 0;
  private rows: Buffer[] = [];
  private count = 0;
  private rowBytes = 0;

  constructor(topic: string, definitions: Definitions) {
    this.columns = columnsOf(topic, definitions);
  }

  /** One that was found to be by its contract. */
  add(event: CloudEvent): void {
    const { values, text } = textOfShape(event, this.columns);
    let shape = this.shapes.get(text);
    if (shape === undefined) {
      shape = this.shapes.size;
      this.shapes.set(text, shape);
      this.shapeBytes += text.length;
    }
    const head = Buffer.alloc(4);
    head.writeUInt32LE(shape);
    const row = Buffer.concat([head, ...values.map((value, i) => this.encode(this.columns[i], value, event.tenantid))]);
    this.rows.push(row);
    this.count += 1;
    this.rowBytes += row.length;
  }

  isFull(): boolean {
    return this.count >= MAX_EVENTS || this.rowBytes + this.shapeBytes >= MAX_BYTES;
  }

  /** What was added since the last part; undefined when that is nothing. */
  async take(): Promise<Buffer | undefined> {
    if (this.count === 0) return undefined;
    const { columns, rows } = this;
    const shapes = [...this.shapes.keys()].map((text) => JSON.parse(text) as unknown);
    [this.shapes, this.rows, this.count, this.shapeBytes, this.rowBytes] = [new Map<string, number>(), [], 0, 0, 0];
    const header = Buffer.from(JSON.stringify({ columns, shapes }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    return compress(Buffer.concat([length, header, ...rows]));
  }

  private encode(column: string | undefined, value: unknown, tenant: string): Buffer {
    if (typeof value !== 'string') return encodeValue(value, tenant);
    if (column === 'tenantid') return encodePlain(value);
    return column === 'time' ? encodeTime(value) : encodeValue(value, tenant);
  }
}
