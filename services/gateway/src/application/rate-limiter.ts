import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { TokenBucket, type Admission, type RateLimit } from '../domain/token-bucket.js';
import { IdentityTables } from './identity-tables.js';
import { CLOCK } from './ports.js';

/** For everybody without a key together. */
const ANONYMOUS: RateLimit = { requestsPerSecond: 200, burst: 400 };
/** The rate of so many seconds is the most that a replica can have let through unheard, seconds. */
const UNHEARD_SECONDS = 3;

/** Requests that were let through, by tenant. */
export interface Usage {
  readonly used: readonly { readonly tenantId: string; readonly count: number }[];
  /** Without a key. */
  readonly anonymous: number;
}

/** How the replicas of the gateway hold a limit together. */
export interface Sharing {
  /** How many others there are. */
  readonly peers: number;
  /** Whether they can't be heard: then each keeps to its part. */
  readonly isAlone: boolean;
}

class Held {
  limit: RateLimit;
  /** Since it was last collected. */
  used = 0;

  constructor(
    readonly tenantId: string,
    limit: RateLimit,
    readonly bucket: TokenBucket,
  ) {
    this.limit = limit;
  }
}

/** One bucket a tenant; what other replicas let through is missing in it as soon as it is heard of. Nothing here waits for anything. */
@Injectable()
export class RateLimiter {
  private readonly buckets = new Map<string, Held>();
  private readonly anonymous: Held;
  private sharing: Sharing = { peers: 0, isAlone: false };
  /** Those with something to collect. */
  private touched: Held[] = [];

  constructor(
    private readonly tables: IdentityTables,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.anonymous = new Held('', ANONYMOUS, new TokenBucket(ANONYMOUS, clock.nowMs()));
  }

  take(tenantId: string | undefined): Admission {
    const nowMs = this.clock.nowMs();
    const held = (tenantId === undefined ? undefined : this.heldOf(tenantId, nowMs)) ?? this.anonymous;
    const admission = held.bucket.take(nowMs);
    if (admission.isAdmitted && this.sharing.peers > 0) {
      if (held.used === 0) this.touched.push(held);
      held.used += 1;
    }
    return admission;
  }

  /** What was let through since the last time, while there were others to tell it to. */
  collect(): Usage {
    const used: { tenantId: string; count: number }[] = [];
    let anonymous = 0;
    for (const held of this.touched) {
      if (held === this.anonymous) anonymous = held.used;
      else used.push({ tenantId: held.tenantId, count: held.used });
      held.used = 0;
    }
    this.touched = [];
    return { used, anonymous };
  }

  /** What another replica let through. */
  spend({ used, anonymous }: Usage): void {
    const nowMs = this.clock.nowMs();
    for (const { tenantId, count } of used) {
      const held = this.heldOf(tenantId, nowMs);
      held?.bucket.spend(count, this.maxDebt(held.limit));
    }
    if (anonymous > 0) this.anonymous.bucket.spend(anonymous, this.maxDebt(ANONYMOUS));
  }

  share(sharing: Sharing): void {
    const before = this.divisor;
    this.sharing = sharing;
    if (this.divisor === before) return;
    for (const held of [...this.buckets.values(), this.anonymous]) held.bucket.setLimit(this.part(held.limit));
  }

  private get divisor(): number {
    return this.sharing.isAlone ? this.sharing.peers + 1 : 1;
  }

  private part(limit: RateLimit): RateLimit {
    const { divisor } = this;
    if (divisor === 1) return limit;
    const { requestsPerSecond, burst } = limit;
    return { requestsPerSecond: requestsPerSecond / divisor, burst: Math.max(1, Math.floor(burst / divisor)) };
  }

  /** No more than the others can have let through before this replica heard of it. */
  private maxDebt({ requestsPerSecond, burst }: RateLimit): number {
    return this.sharing.peers * (burst + requestsPerSecond * UNHEARD_SECONDS);
  }

  /** The tenant's bucket by its limit as it is now; undefined when there is no such tenant. */
  private heldOf(tenantId: string, nowMs: number): Held | undefined {
    const limit = this.tables.tenants.get(tenantId)?.rateLimit;
    if (limit === undefined) return undefined;
    let held = this.buckets.get(tenantId);
    if (held === undefined) {
      held = new Held(tenantId, limit, new TokenBucket(this.part(limit), nowMs));
      this.buckets.set(tenantId, held);
    } else if (held.limit !== limit) {
      held.bucket.setLimit(this.part(limit));
      held.limit = limit;
    }
    return held;
  }
}
