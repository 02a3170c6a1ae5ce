import { grown } from '../domain/grown.js';
import type { Placement } from '../domain/placement.js';
import type { LoadedModel } from './model-loader.port.js';

type Row = Pick<Placement, 'row' | 'stamp'>;

/** Which versions are in memory, by their rows in the routing table: twenty bytes a row and no keys. A row that another version has now does not count. */
export class Residents {
  private readonly models: (LoadedModel | undefined)[] = [];
  private stamps = new Uint32Array(64);
  private entries = new Int32Array(64);
  private rows = new Int32Array(64);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get({ row, stamp }: Row): LoadedModel | undefined {
    return this.stamps[row] === stamp ? this.models[row] : undefined;
  }

  /** The number of the version of a row in the eviction's index. */
  entryOf(row: number): number {
    return this.entries[row] as number;
  }

  /** The version with a number in the eviction's index. */
  atEntry(entry: number): Row {
    const row = this.rows[entry] as number;
    return { row, stamp: this.stamps[row] as number };
  }

  /** The version that was before it in its row has to be taken out first. */
  set({ row, stamp }: Row, model: LoadedModel, entry: number): void {
    this.stamps = grown(this.stamps, row);
    this.entries = grown(this.entries, row);
    this.rows = grown(this.rows, entry);
    // without holes: an array that has some becomes a map of keys
    while (this.models.length < row) this.models.push(undefined);
    this.models[row] = model;
    this.stamps[row] = stamp;
    this.entries[row] = entry;
    this.rows[entry] = row;
    this.count += 1;
  }

  delete(row: number): void {
    this.models[row] = undefined;
    this.stamps[row] = 0;
    this.count -= 1;
  }

  /** What is in a row, of whichever version. */
  inRow(row: number): Row | undefined {
    const stamp = this.stamps[row] ?? 0;
    return stamp === 0 ? undefined : { row, stamp };
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let row = 0; row < this.models.length; row += 1) {
      const resident = this.inRow(row);
      if (resident !== undefined) yield resident;
    }
  }
}
