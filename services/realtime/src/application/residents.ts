import { HostedModel, type ModelHost } from '@myriad/inference';
import { grown } from '../domain/grown.js';
import type { Placement } from '../domain/placement.js';
import type { LoadedModel } from './model-loader.port.js';

type Row = Pick<Placement, 'row' | 'stamp'>;

/** Which versions are in memory, by their rows in the routing table: sixteen bytes a row, no keys, and no object for a model of the host. A row that another version has now does not count. */
export class Residents {
  private host: ModelHost | undefined;
  /** Of models in the host one more than their handle; 0 for the others. */
  private handles = new Int32Array(64);
  private readonly others = new Map<number, LoadedModel>();
  private stamps = new Uint32Array(64);
  private entries = new Int32Array(64);
  private rows = new Int32Array(64);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get({ row, stamp }: Row): LoadedModel | undefined {
    if (this.stamps[row] !== stamp) return undefined;
    const handle = (this.handles[row] as number) - 1;
    return this.host === undefined || handle < 0 ? this.others.get(row) : new HostedModel(this.host, handle);
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
    this.handles = grown(this.handles, row);
    if (model instanceof HostedModel && (this.host ??= model.host) === model.host) this.handles[row] = model.handle + 1;
    else this.others.set(row, model);
    this.stamps[row] = stamp;
    this.entries[row] = entry;
    this.rows[entry] = row;
    this.count += 1;
  }

  delete(row: number): void {
    this.handles[row] = 0;
    this.others.delete(row);
    this.stamps[row] = 0;
    this.count -= 1;
  }

  /** What is in a row, of whichever version. */
  inRow(row: number): Row | undefined {
    const stamp = this.stamps[row] ?? 0;
    return stamp === 0 ? undefined : { row, stamp };
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let row = 0; row < this.stamps.length; row += 1) {
      const resident = this.inRow(row);
      if (resident !== undefined) yield resident;
    }
  }
}
