import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from './ports.js';

/** What was made a moment ago is told by then. */
const WAIT_MS = 150;
const LOOK_EVERY_MS = 10;
/** Requests that wait at a time; more are refused at once. */
const MAX_WAITING = 64;
/** What did not come is not waited for again for so long. */
const FORGET_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/**
 * Waits a moment for what is not known here yet: who has just made a tenant or a key may use it at once, though the news of it is still on
 * its way. Guessing gains nothing by it: few wait at a time, and nothing is waited for twice.
 */
@Injectable()
export class Arrivals {
  private waiting = 0;
  /** Name → when it may be waited for again. */
  private readonly missing = new Map<string, number>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Resolves when it is there or the moment is over; undefined when there is no use in waiting. */
  await(name: string, isThere: () => boolean): Promise<void> | undefined {
    const againAtMs = this.missing.get(name);
    if (againAtMs !== undefined && againAtMs > this.clock.nowMs()) return undefined;
    return this.waiting < MAX_WAITING ? this.look(name, isThere) : undefined;
  }

  private async look(name: string, isThere: () => boolean): Promise<void> {
    this.waiting += 1;
    try {
      for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += LOOK_EVERY_MS) {
        await this.clock.sleep(LOOK_EVERY_MS);
        if (isThere()) return;
      }
      this.remember(name);
    } finally {
      this.waiting -= 1;
    }
  }

  private remember(name: string): void {
    this.missing.delete(name);
    this.missing.set(name, this.clock.nowMs() + FORGET_MS);
    const oldest = this.missing.keys().next();
    if (this.missing.size > MAX_REMEMBERED && !oldest.done) this.missing.delete(oldest.value);
  }
}
