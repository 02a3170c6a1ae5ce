import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from './ports.js';

/** After a connection failed, others are preferred for as long as the outage has lasted, but no less and no more than this, milliseconds. */
const LEAST_AVOID_MS = 500;
const MOST_AVOID_MS = 8_000;

/** What nobody tried for so long is gone, or will be found out anew, milliseconds. */
const FORGET_MS = 600_000;

interface Outage {
  readonly sinceMs: number;
  lastMs: number;
}

/** Which base URLs could not be reached lately. */
@Injectable()
export class Outages {
  private readonly outages = new Map<string, Outage>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  failed(origin: string): void {
    const lastMs = this.clock.nowMs();
    for (const [other, outage] of this.outages) if (lastMs - outage.lastMs > FORGET_MS) this.outages.delete(other);
    const outage = this.outages.get(origin);
    if (outage === undefined) this.outages.set(origin, { sinceMs: lastMs, lastMs });
    else outage.lastMs = lastMs;
  }

  /** It answered, or took a request. */
  reached(origin: string): void {
    if (this.outages.size > 0) this.outages.delete(origin);
  }

  /** Whether to go elsewhere if that is possible. */
  isAvoided(origin: string): boolean {
    const outage = this.outages.size === 0 ? undefined : this.outages.get(origin);
    if (outage === undefined) return false;
    const avoidMs = Math.min(MOST_AVOID_MS, Math.max(LEAST_AVOID_MS, outage.lastMs - outage.sinceMs));
    return this.clock.nowMs() - outage.lastMs < avoidMs;
  }

  /** Since when it can't be reached, milliseconds; 0 when it can. */
  lastsMs(origin: string): number {
    const outage = this.outages.get(origin);
    return outage === undefined ? 0 : this.clock.nowMs() - outage.sinceMs;
  }
}
