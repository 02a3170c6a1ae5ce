import type { EventRows } from '@myriad/messaging';
import { VALUE } from '@myriad/messaging';
import { runWithTraceparent } from '@myriad/telemetry';
import type { Placement, PlacementRow } from '../domain/placement.js';

/** Where rows go. */
export interface RowTarget {
  /** As `ApplyPlacement.isRecent`. */
  isRecent(atMs: number): boolean;
  /** As `ApplyPlacement.applyRow`. */
  applyRow(like: Pick<Placement, 'row' | 'stamp'>, placed: PlacementRow, atMs: number): boolean;
}

const { absent, tenant, text, digest, id, uuid, number, time, other } = VALUE;
const anyOf = (...kinds: readonly number[]): number => kinds.reduce((mask, kind) => mask | (1 << kind), 0);
const nothing = VALUE.null;

/** The columns that a row is read from, and the kinds that their values may have: with another one, a row is for the handler of events. */
const COLUMNS = {
  tenantid: anyOf(text),
  id: anyOf(uuid, text),
  time: anyOf(time),
  traceparent: anyOf(absent, text),
  causationid: anyOf(absent, tenant, text, digest, id, uuid, other),
  'data.tenantId': anyOf(tenant),
  'data.modelName': anyOf(text),
  'data.version': anyOf(number),
  'data.versionId': anyOf(id),
  'data.generation': anyOf(number),
  'data.artifactDigest': anyOf(digest),
  'data.sizeBytes': anyOf(number),
  'data.parityDigest': anyOf(nothing, digest),
  'data.rolloutId': anyOf(id),
  'data.serving.micros': anyOf(absent, nothing, number),
  'data.serving.memoryBytes': anyOf(absent, number),
  'data.serving.split.weightsDigest': anyOf(absent, digest),
  'data.serving.split.weightsBytes': anyOf(absent, number),
} as const;
type Column = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as Column[];
const ID_BYTES = 16;
const MAX_NAME_BYTES = 255;

/**
 * Brings placements from the rows of a snapshot into the routing table without an object or a text of each: the first of a shape goes the way of an event, and says what the others are like.
 */
export class PlacementRows {
  private part: PartColumns | undefined;

  constructor(private readonly target: RowTarget) {}

  /** Takes the row; false where it is for the handler of events, who then says what became of it: {@link learn}. */
  take(rows: EventRows): boolean {
    if (this.part?.rows !== rows) this.part = new PartColumns(rows);
    const { part, target } = this;
    const like = part.likes[rows.shape];
    if (like === undefined || !part.fits()) return false;
    const atMs = part.number('time');
    const apply = (): boolean => target.applyRow(like, part.placement(), atMs);
    return target.isRecent(atMs) ? runWithTraceparent(part.traceparent, apply) : apply();
  }

  /** The row that was not taken last is this placement now. */
  learn(placement: Placement | undefined): void {
    if (this.part !== undefined && placement !== undefined) this.part.likes[this.part.rows.shape] ??= placement;
  }

  /** No row is read any more. */
  end(): void {
    this.part = undefined;
  }
}

/** A part's columns, and the row it is at. */
class PartColumns {
  /** By shape, a placement of it. */
  readonly likes: (Placement | undefined)[] = [];
  private readonly at: Readonly<Record<Column, number>>;
  private readonly isKnown: boolean;
  private readonly masks: readonly number[];

  constructor(readonly rows: EventRows) {
    this.at = Object.fromEntries(NAMES.map((name) => [name, rows.column(name)])) as Record<Column, number>;
    // with a column more, rows would say what is not read here
    this.isKnown = rows.kinds.length === NAMES.length && !Object.values(this.at).includes(-1);
    const masks = new Array<number>(rows.kinds.length).fill(0);
    for (const name of NAMES) masks[this.at[name]] = COLUMNS[name];
    this.masks = masks;
  }

  /** Whether the row can be read as it lies. */
  fits(): boolean {
    if (!this.isKnown) return false;
    const { kinds } = this.rows;
    for (let i = 0; i < kinds.length; i += 1)
      if (((1 << (kinds[i] as number)) & (this.masks[i] as number)) === 0) return false;
    return this.text('tenantid').length <= MAX_NAME_BYTES && this.text('data.modelName').length <= MAX_NAME_BYTES;
  }

  placement(): PlacementRow {
    return {
      bytes: this.rows.bytes,
      tenantId: this.text('tenantid'),
      modelName: this.text('data.modelName'),
      version: this.number('data.version'),
      generation: this.number('data.generation'),
      sizeBytes: this.number('data.sizeBytes'),
      versionId: this.id('data.versionId'),
      rolloutId: this.id('data.rolloutId'),
      artifactAt: this.digest('data.artifactDigest'),
      parityAt: this.digest('data.parityDigest'),
      weightsAt: this.digest('data.serving.split.weightsDigest'),
      weightsBytes: this.number('data.serving.split.weightsBytes', 0),
      memoryBytes: this.number('data.serving.memoryBytes', 0),
      micros: this.number('data.serving.micros', NaN),
    };
  }

  number(column: Column, none = 0): number {
    return this.has(column, number) || this.has(column, time) ? this.rows.bytes.readDoubleLE(this.start(column)) : none;
  }

  get traceparent(): string | undefined {
    if (!this.has('traceparent', text)) return undefined;
    const { start, length } = this.text('traceparent');
    return this.rows.bytes.toString('latin1', start, start + length);
  }

  private digest(column: Column): number {
    return this.has(column, digest) ? this.start(column) : -1;
  }

  private text(column: Column): { start: number; length: number } {
    const start = this.start(column);
    return { start: start + 2, length: this.rows.bytes.readUInt16LE(start) };
  }

  private id(column: Column): { start: number; length: number } {
    const start = this.start(column);
    return { start: start + 1, length: (this.rows.bytes[start] as number) + ID_BYTES };
  }

  private has(column: Column, kind: number): boolean {
    return this.rows.kinds[this.at[column]] === kind;
  }

  private start(column: Column): number {
    return this.rows.starts[this.at[column]] as number;
  }
}
