import { Inject, Injectable } from '@nestjs/common';
import { IdentityTables } from './identity-tables.js';

/** Requests in flight of a tenant whose own limit does not say how many may be. */
export const DEFAULT_IN_FLIGHT = Symbol('requests in flight of a tenant, default');

/** Requests of a tenant that are being answered. */
export interface InFlightOfTenant {
  readonly tenantId: string;
  readonly count: number;
}

/** Whether a request may come in besides those that are being answered. */
export interface Entry {
  readonly isAdmitted: boolean;
  /** How many may be in flight. */
  readonly limit: number;
}

const ADMITTED = { isAdmitted: true } as const;

/**
 * How many requests of a tenant may be in flight at a time, over all replicas of the gateway: each tells the others how many it has, with the same words as its rates
 * (ADR 20 says how exact that is). While they can't be heard each keeps to its part.
 */
@Injectable()
export class ConcurrencyLimiter {
  /** Tenants with requests in flight here. */
  private readonly own = new Map<string, number>();
  /** What each of the others said last, and the sums of that by tenant. */
  private readonly told = new Map<string, readonly InFlightOfTenant[]>();
  private readonly elsewhere = new Map<string, number>();
  private parts = 1;

  constructor(
    private readonly tables: IdentityTables,
    @Inject(DEFAULT_IN_FLIGHT) private readonly byDefault: number,
  ) {}

  /** Counts the request, if it is admitted, until {@link leave}. */
  enter(tenantId: string): Entry {
    const whole = this.tables.tenants.get(tenantId)?.rateLimit.maxInFlight ?? this.byDefault;
    const limit = Math.max(1, Math.floor(whole / this.parts));
    const here = this.own.get(tenantId) ?? 0;
    const others = this.parts > 1 ? 0 : (this.elsewhere.get(tenantId) ?? 0);
    if (here + others >= limit) return { isAdmitted: false, limit };
    this.own.set(tenantId, here + 1);
    return { ...ADMITTED, limit };
  }

  leave(tenantId: string): void {
    const here = (this.own.get(tenantId) ?? 1) - 1;
    if (here > 0) this.own.set(tenantId, here);
    else this.own.delete(tenantId);
  }

  /** What is in flight here, at most `most` tenants: those with the most. */
  inFlight(most: number): readonly InFlightOfTenant[] {
    const all = Array.from(this.own, ([tenantId, count]) => ({ tenantId, count }));
    return all.length <= most ? all : all.toSorted((a, b) => b.count - a.count).slice(0, most);
  }

  /** All that is in flight at another replica. */
  hear(replicaId: string, inFlight: readonly InFlightOfTenant[]): void {
    this.forget(replicaId);
    if (inFlight.length === 0) return;
    this.told.set(replicaId, inFlight);
    for (const { tenantId, count } of inFlight) this.add(tenantId, count);
  }

  /** Which other replicas there are, and whether they can't be heard. */
  share(peers: ReadonlySet<string>, isAlone: boolean): void {
    this.parts = isAlone ? peers.size + 1 : 1;
    for (const replicaId of this.told.keys()) if (!peers.has(replicaId)) this.forget(replicaId);
  }

  private forget(replicaId: string): void {
    for (const { tenantId, count } of this.told.get(replicaId) ?? []) this.add(tenantId, -count);
    this.told.delete(replicaId);
  }

  private add(tenantId: string, count: number): void {
    const sum = (this.elsewhere.get(tenantId) ?? 0) + count;
    if (sum > 0) this.elsewhere.set(tenantId, sum);
    else this.elsewhere.delete(tenantId);
  }
}
