import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { TokenBucket, type Admission, type RateLimit } from '../domain/token-bucket.js';
import { CLOCK } from './ports.js';

/** For what changes something without a key (logins), from one address. */
const LIMIT: RateLimit = { requestsPerSecond: 5, burst: 20 };
/** Addresses that are remembered; a forgotten one begins anew. */
const MAX_ADDRESSES = 50_000;

/** One bucket an address, in this process. An IPv6 address counts by its /64, which is what one customer has. */
@Injectable()
export class AddressLimiter {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  take(address: string): Admission {
    const nowMs = this.clock.nowMs();
    const name = networkOf(address);
    const bucket = this.buckets.get(name) ?? new TokenBucket(LIMIT, nowMs);
    this.buckets.delete(name);
    this.buckets.set(name, bucket);
    const oldest = this.buckets.keys().next();
    if (this.buckets.size > MAX_ADDRESSES && !oldest.done) this.buckets.delete(oldest.value);
    return bucket.take(nowMs);
  }
}

/** `2001:db8:1:2:3:4:5:6` → `2001:db8:1:2`; IPv4 as it is. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
