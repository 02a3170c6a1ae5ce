import type { TenantId } from '@myriad/kernel';
import { servesSame, type Placement } from './placement.js';

/** What a placement changed in the table. */
export type RouteChange =
  /** Another place, an old generation, or nothing new. */
  | { readonly kind: 'none' }
  /** The placement answers from now on: the first of its model here, or the same version again. */
  | { readonly kind: 'served' }
  /** Another version is asked for; the one before answers until {@link RoutingTable.promote}. */
  | { readonly kind: 'pending' }
  /** The model is no longer served here. */
  | { readonly kind: 'removed'; readonly previous: Placement };

interface Route {
  generation: number;
  served: Placement | undefined;
  pending: Placement | undefined;
}

/** Which version answers for each model of each tenant, in one environment and pool. Built from the placements alone. */
export class RoutingTable {
  private readonly tenants = new Map<TenantId, Map<string, Route>>();

  constructor(
    private readonly environment: string,
    private readonly pool: string,
  ) {}

  /** The version that answers for a model of the tenant. */
  find(tenantId: TenantId, modelName: string): Placement | undefined {
    return this.tenants.get(tenantId)?.get(modelName)?.served;
  }

  /** A version that takes over from the one that answers, once it is loaded. */
  pending(tenantId: TenantId, modelName: string): Placement | undefined {
    return this.tenants.get(tenantId)?.get(modelName)?.pending;
  }

  /** Takes in a placement; the same one again changes nothing. */
  apply(placement: Placement): RouteChange {
    if (placement.environment !== this.environment) return { kind: 'none' };
    const isHere = placement.status === 'active' && placement.pool === this.pool;
    const route = this.routeOf(placement, isHere);
    if (route === undefined || placement.generation <= route.generation) return { kind: 'none' };
    route.generation = placement.generation;
    if (!isHere) return remove(route);
    if (route.served === undefined || servesSame(route.served, placement)) {
      route.served = placement;
      route.pending = undefined;
      return { kind: 'served' };
    }
    route.pending = placement;
    return { kind: 'pending' };
  }

  /** A pending version answers from now on. Returns the one that answered before; undefined when `placement` was overtaken by a newer one. */
  promote(placement: Placement): Placement | undefined {
    const route = this.tenants.get(placement.tenantId)?.get(placement.modelName);
    if (route?.pending !== placement) return undefined;
    const before = route.served;
    route.served = placement;
    route.pending = undefined;
    return before;
  }

  /** Whether the placement is the newest for its model. */
  isCurrent(placement: Placement): boolean {
    const route = this.tenants.get(placement.tenantId)?.get(placement.modelName);
    return route?.served === placement || route?.pending === placement;
  }

  /** The versions that answer for one tenant. */
  *placementsOf(tenantId: TenantId): Generator<Placement> {
    for (const { served } of this.tenants.get(tenantId)?.values() ?? []) if (served !== undefined) yield served;
  }

  /** All versions that answer. */
  *placements(): Generator<Placement> {
    for (const models of this.tenants.values())
      for (const { served } of models.values()) if (served !== undefined) yield served;
  }

  /** Models of other pools are not remembered, unless they were here. */
  private routeOf({ tenantId, modelName }: Placement, isHere: boolean): Route | undefined {
    const known = this.tenants.get(tenantId)?.get(modelName);
    if (known !== undefined || !isHere) return known;
    const route: Route = { generation: 0, served: undefined, pending: undefined };
    const models = this.tenants.get(tenantId) ?? new Map<string, Route>();
    models.set(modelName, route);
    this.tenants.set(tenantId, models);
    return route;
  }
}

function remove(route: Route): RouteChange {
  const previous = route.served;
  route.served = undefined;
  route.pending = undefined;
  return previous === undefined ? { kind: 'none' } : { kind: 'removed', previous };
}
