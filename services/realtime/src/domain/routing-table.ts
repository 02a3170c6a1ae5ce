import type { TenantId } from '@myriad/kernel';
import { grown } from './grown.js';
import type { Placement, PlacementChange, PlacementRow, Trial, Version } from './placement.js';
import { Recent } from './recent.js';
import { TextTable } from './text-table.js';
import { VersionRows } from './version-rows.js';

/** What a placement changed in the table. */
export type RouteChange =
  /** Another place, an old generation, or nothing new. */
  | { readonly kind: 'none' }
  /** The version of `row` answers from now on: the first of its model here, or the same one again. */
  | (Told & { readonly kind: 'served' })
  /** Another version is asked for; the one before answers until {@link RoutingTable.promote}. */
  | (Told & { readonly kind: 'pending' })
  /** The model is no longer served here; of what was dropped, `previous` answered. */
  | { readonly kind: 'removed'; readonly previous: Placement; readonly dropped: readonly Placement[] };

interface Told {
  readonly row: number;
  /** Row of the version that is tried beside it; −1 for none. */
  readonly candidateRow: number;
  /** Versions that are asked for no more. */
  readonly dropped: readonly Placement[];
}

/** A version that is tried beside the one that answers. */
export interface Candidate extends Trial {
  readonly row: number;
}

const NONE = -1;
/** Placements are kept as objects for the models that were asked for last; a few hundred bytes each. */
const RECENT = 4_096;

/**
 * Which version answers for each model of each tenant, in one environment and pool. Built from the placements alone. A million of them cost some 220 bytes each in typed arrays and none on the heap:
 * {@link Placement} objects are made when somebody asks.
 */
export class RoutingTable {
  private readonly tenants = new TextTable();
  /** Names in the scope of their tenant: the number of a name is that of the model. */
  private readonly models = new TextTable();
  private readonly versions = new VersionRows();
  private firstModel = new Int32Array(64).fill(NONE);
  private nextModel = new Int32Array(64);
  private generations = new Uint32Array(64);
  private served = new Int32Array(64);
  private modelOf = new Int32Array(64);
  private readonly pendingRows = new Map<number, number>();
  private readonly candidates = new Map<number, Candidate>();
  private readonly recent = new Recent<Placement>(RECENT);

  constructor(
    private readonly environment: string,
    private readonly pool: string,
  ) {}

  /** Versions in it. */
  get size(): number {
    return this.versions.size;
  }

  /** The version that answers for a model of the tenant. */
  find(tenantId: TenantId, modelName: string): Placement | undefined {
    return this.placementAt(this.served[this.modelNumber(tenantId, modelName)] ?? NONE);
  }

  /** A version that takes over from the one that answers, once it is loaded. */
  pending(tenantId: TenantId, modelName: string): Placement | undefined {
    return this.placementAt(this.pendingRows.get(this.modelNumber(tenantId, modelName)) ?? NONE);
  }

  /** What is tried beside the version that answers. */
  candidateOf({ row }: Placement): Candidate | undefined {
    return this.candidates.size === 0 ? undefined : this.candidates.get(this.modelOf[row] as number);
  }

  /** The version in a row. */
  placementAt(row: number): Placement | undefined {
    if (this.versions.stamp(row) === 0) return undefined;
    let placement = this.recent.get(row);
    if (placement === undefined) this.recent.set(row, (placement = this.placementOf(row)));
    return placement;
  }

  /** As {@link placementAt}, for who goes through many: it is not kept for whoever asks next. */
  readAt(row: number): Placement | undefined {
    return this.versions.stamp(row) === 0 ? undefined : this.placementOf(row);
  }

  /** Takes in a placement; the same one again changes nothing. */
  apply(change: PlacementChange): RouteChange {
    if (change.environment !== this.environment) return { kind: 'none' };
    const isHere = change.status === 'active' && change.pool === this.pool;
    const model = isHere ? this.internModel(change) : this.modelNumber(change.tenantId, change.modelName);
    if (model === NONE || change.generation <= (this.generations[model] as number)) return { kind: 'none' };
    this.generations[model] = change.generation;
    return isHere ? this.place(model, change) : this.remove(model);
  }

  /**
   * Takes in the first placement of a model by its row of a snapshot; `like` is the row of another one that differs from it in nothing else, placed here and active.
   * @returns its row, −1 where the model was here before: that placement is for {@link apply}
   */
  placeLike(like: number, placed: PlacementRow): number {
    const { bytes, tenantId, modelName } = placed;
    const tenant = this.tenants.internBytes(bytes, tenantId.start, tenantId.length);
    const before = this.models.size;
    const model = this.models.internBytes(bytes, modelName.start, modelName.length, tenant);
    this.enterTenant(tenant);
    if (this.models.size === before) return NONE;
    this.enterModel(model, tenant);
    this.generations[model] = placed.generation;
    const row = this.versions.addLike(like, placed);
    this.modelOf = grown(this.modelOf, row);
    this.modelOf[row] = model;
    this.served[model] = row;
    return row;
  }

  /** A pending version answers from now on. Returns the one that answered before; undefined when `placement` was overtaken by a newer one. */
  promote(placement: Placement): Placement | undefined {
    return this.isCurrent(placement) ? this.promoteRow(placement.row) : undefined;
  }

  /** As {@link promote}, for the version that is in a row now. */
  promoteRow(row: number): Placement | undefined {
    const model = this.modelOf[row] as number;
    if (this.pendingRows.get(model) !== row) return undefined;
    const before = this.served[model] as number;
    this.served[model] = row;
    this.pendingRows.delete(model);
    const previous = this.placementAt(before);
    if (this.candidates.get(model)?.row !== before) this.drop(before);
    return previous;
  }

  /** Whether a version is still placed. */
  isThere({ row, stamp }: Pick<Placement, 'row' | 'stamp'>): boolean {
    return this.versions.stamp(row) === stamp;
  }

  /** Whether the placement is the newest for its model and version. */
  isCurrent({ row, stamp, generation }: Placement): boolean {
    return this.versions.stamp(row) === stamp && this.versions.generation(row) === generation;
  }

  /** The versions that answer for one tenant. */
  *placementsOf(tenantId: TenantId): Generator<Placement> {
    const models: number[] = [];
    const tenant = this.tenants.find(tenantId);
    for (let model = this.firstModel[tenant] ?? NONE; model !== NONE; model = this.nextModel[model] as number)
      models.push(model);
    for (const model of models.reverse()) {
      const placement = this.placementAt(this.served[model] as number);
      if (placement !== undefined) yield placement;
    }
  }

  private place(model: number, change: PlacementChange): RouteChange {
    const before = this.rowsOf(model);
    const row = this.rowFor(model, change, change);
    const { candidate } = change;
    const isTried = candidate != null && !this.versions.isOf(row, candidate);
    const candidateRow = isTried ? this.rowFor(model, candidate, change) : NONE;
    if (candidate != null && isTried) {
      const { mode, percent } = candidate;
      this.candidates.set(model, { row: candidateRow, mode, percent });
    } else this.candidates.delete(model);
    const served = this.served[model] as number;
    const kind = served === NONE || served === row ? 'served' : 'pending';
    if (kind === 'served') {
      this.served[model] = row;
      this.pendingRows.delete(model);
    } else this.pendingRows.set(model, row);
    return { kind, row, candidateRow, dropped: this.dropAllBut(model, before) };
  }

  private remove(model: number): RouteChange {
    const before = this.rowsOf(model);
    const previous = this.placementAt(this.served[model] as number);
    this.served[model] = NONE;
    this.pendingRows.delete(model);
    this.candidates.delete(model);
    const dropped = this.dropAllBut(model, before);
    return previous === undefined ? { kind: 'none' } : { kind: 'removed', previous, dropped };
  }

  /** Rows of the model's versions: what answers, what takes over, what is tried. */
  private rowsOf(model: number): readonly number[] {
    const served = this.served[model] as number;
    if (this.pendingRows.size === 0 && this.candidates.size === 0) return served === NONE ? [] : [served];
    const rows = [served, this.pendingRows.get(model) ?? NONE, this.candidates.get(model)?.row ?? NONE];
    return [...new Set(rows)].filter((row) => row !== NONE);
  }

  private rowFor(model: number, version: Version, { application, generation }: PlacementChange): number {
    const contents = { version, application, generation };
    const known = this.rowsOf(model).find((row) => this.versions.isOf(row, version));
    if (known !== undefined) {
      this.versions.replace(known, contents);
      this.recent.delete(known);
      return known;
    }
    const row = this.versions.add(contents);
    this.modelOf = grown(this.modelOf, row);
    this.modelOf[row] = model;
    return row;
  }

  private dropAllBut(model: number, before: readonly number[]): readonly Placement[] {
    const rows = this.rowsOf(model);
    const gone = before.filter((row) => !rows.includes(row));
    return gone.map((row) => {
      const placement = this.placementAt(row) as Placement;
      this.drop(row);
      return placement;
    });
  }

  private drop(row: number): void {
    this.versions.remove(row);
    this.recent.delete(row);
  }

  private placementOf(row: number): Placement {
    const { version, application, generation } = this.versions.read(row);
    const model = this.modelOf[row] as number;
    const tenant = this.models.scopeOf(model);
    const { environment, pool } = this;
    return {
      tenantId: this.tenants.textOf(tenant) as TenantId,
      modelName: this.models.textOf(model),
      ...version,
      application,
      environment,
      pool,
      generation,
      tenant,
      row,
      stamp: this.versions.stamp(row),
    };
  }

  private modelNumber(tenantId: TenantId, modelName: string): number {
    const tenant = this.tenants.find(tenantId);
    return tenant === NONE ? NONE : this.models.find(modelName, tenant);
  }

  /** Models of other pools are not remembered, unless they were here. */
  private internModel({ tenantId, modelName }: PlacementChange): number {
    const tenant = this.tenants.intern(tenantId);
    this.enterTenant(tenant);
    const modelsBefore = this.models.size;
    const model = this.models.intern(modelName, tenant);
    if (this.models.size > modelsBefore) this.enterModel(model, tenant);
    return model;
  }

  private enterTenant(tenant: number): void {
    const tenantsBefore = this.firstModel.length;
    this.firstModel = grown(this.firstModel, tenant);
    if (this.firstModel.length > tenantsBefore) this.firstModel.fill(NONE, tenantsBefore);
  }

  private enterModel(model: number, tenant: number): void {
    this.nextModel = grown(this.nextModel, model);
    this.generations = grown(this.generations, model);
    this.served = grown(this.served, model);
    this.nextModel[model] = this.firstModel[tenant] as number;
    this.firstModel[tenant] = model;
    this.served[model] = NONE;
  }
}
