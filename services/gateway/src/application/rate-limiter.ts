import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { TokenBucket, type Admission, type RateLimit } from '../domain/token-bucket.js';
import { IdentityTables } from './identity-tables.js';
import { CLOCK } from './ports.js';

/** For everybody without a key together. */
const ANONYMOUS: RateLimit = { requestsPerSecond: 200, burst: 400 };

/** One bucket a tenant, in this process. */
@Injectable()
export class RateLimiter {
  private readonly buckets = new Map<string, { readonly bucket: TokenBucket; limit: RateLimit }>();
  private readonly anonymous: TokenBucket;

  constructor(
    private readonly tables: IdentityTables,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.anonymous = new TokenBucket(ANONYMOUS, clock.nowMs());
  }

  take(tenantId: string | undefined): Admission {
    const nowMs = this.clock.nowMs();
    const limit = tenantId === undefined ? undefined : this.tables.tenants.get(tenantId)?.rateLimit;
    if (tenantId === undefined || limit === undefined) return this.anonymous.take(nowMs);
    let held = this.buckets.get(tenantId);
    if (held === undefined) {
      held = { bucket: new TokenBucket(limit, nowMs), limit };
      this.buckets.set(tenantId, held);
    } else if (held.limit !== limit) {
      held.bucket.setLimit(limit);
      held.limit = limit;
    }
    return held.bucket.take(nowMs);
  }
}
