import { type Clock, atMost } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { Peers } from '../domain/peers.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { RateGossip, RateUsed } from './ports.js';
import type { RateLimiter, Usage } from './rate-limiter.js';

/** What was let through is told so often, milliseconds. */
export const GOSSIP_EVERY_MS = 200;
/** A replica says that it lives so often when there are others, milliseconds. */
const ALIVE_EVERY_MS = 500;
/** And when it knows of none. Whoever comes says so at once and is answered at once. */
const ALIVE_EVERY_MS_ALONE = 10_000;
/** When its own words don't come back for so long, the log is away, milliseconds. */
export const AWAY_AFTER_MS = 2_000;
/** A peer that is silent for so long is gone, milliseconds. */
const PEER_TTL_MS = 3_000;
/** How long it is tried at the end to tell the others, milliseconds; whom it does not reach finds out after {@link PEER_TTL_MS}. */
const LAST_WORD_MS = 2_000;
/** Tenants an event. */
const MAX_TENANTS = 5_000;

export interface ShareLimitsOptions {
  readonly limiter: RateLimiter;
  readonly concurrency: ConcurrencyLimiter;
  readonly gossip: RateGossip;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicaId: string;
}

/**
 * Holds the limits of tenants together over the replicas of the gateway: each tells over the event log what it let through, and takes off
 * what the others did. ADR 10 says how exact that is. When the log is away each keeps to its part of the limit.
 */
export class ShareLimits {
  private readonly peers = new Peers(PEER_TTL_MS);
  private readonly stop = new AbortController();
  private loop: Promise<void> | undefined;
  private unsent: RateUsed[] = [];
  private isSending = false;
  private sequence = 0;
  private spokeAtMs = Number.NEGATIVE_INFINITY;
  private heardSelfAtMs: number;
  /** Whether what comes now is of now: the log is read from its start, and ends where this replica's first word stands. */
  private isLive = false;
  private isAway = false;

  constructor(private readonly options: ShareLimitsOptions) {
    this.heardSelfAtMs = options.clock.nowMs();
  }

  start(): void {
    this.loop ??= this.work();
  }

  /** Tells what is left, and that it leaves. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.loop;
    if (!this.isAway) {
      this.say(true);
      await atMost(LAST_WORD_MS, this.send());
    }
  }

  /** A word of any replica, this one included. */
  hear(word: RateUsed): void {
    const { replicaId, sequence, isLeaving } = word;
    const nowMs = this.options.clock.nowMs();
    if (replicaId === this.options.replicaId) {
      this.isLive = true;
      this.heardSelfAtMs = nowMs;
      return;
    }
    if (!this.isLive) return;
    const heard = this.peers.hear(replicaId, sequence, nowMs);
    if (heard === 'new') {
      this.spokeAtMs = Number.NEGATIVE_INFINITY;
      // alone it spoke seldom, so it can't tell yet whether its words come back
      if (this.peers.count === 1) this.heardSelfAtMs = nowMs;
    }
    if (isLeaving) this.peers.leave(replicaId);
    this.settle(nowMs);
    if (heard === 'again') return;
    this.options.limiter.spend(word);
    if (!isLeaving && word.inFlight !== undefined) this.options.concurrency.hear(replicaId, word.inFlight);
  }

  /** One turn: who is there, what is to be told. */
  tick(): void {
    const nowMs = this.options.clock.nowMs();
    if (!this.isAway) this.peers.expire(nowMs);
    this.settle(nowMs);
    const isDue = nowMs - this.spokeAtMs >= (this.peers.count > 0 ? ALIVE_EVERY_MS : ALIVE_EVERY_MS_ALONE);
    this.say(isDue);
    void this.send();
  }

  private settle(nowMs: number): void {
    const isAway = this.peers.count > 0 && nowMs - this.heardSelfAtMs > AWAY_AFTER_MS;
    if (isAway !== this.isAway) {
      this.isAway = isAway;
      if (!isAway) this.peers.excuse(nowMs);
      this.options.logger.warn({ peers: this.peers.count, isAway }, 'whether rate limits are shared changed');
    }
    this.options.limiter.share({ peers: this.peers.count, isAlone: isAway });
    this.options.concurrency.share(this.peers.ids, isAway);
  }

  private say(isDue: boolean): void {
    const { used, anonymous } = this.options.limiter.collect();
    // within its part of the limit nothing is owed to anybody; a word is needed all the same, to hear when the log is back
    if (this.isAway && this.unsent.length > 0) return;
    const usage = this.isAway ? { used: [], anonymous: 0 } : { used, anonymous };
    if (!isDue && usage.used.length === 0 && usage.anonymous === 0) return;
    this.unsent.push(...this.words(usage));
    this.spokeAtMs = this.options.clock.nowMs();
  }

  /** The first word tells what belongs to no tenant, and all that is in flight. */
  private words({ used, anonymous }: Usage): RateUsed[] {
    const { replicaId, concurrency } = this.options;
    const isLeaving = this.stop.signal.aborted;
    const first = { anonymous, inFlight: this.peers.count > 0 ? [...concurrency.inFlight(MAX_TENANTS)] : [] };
    const words: RateUsed[] = [];
    do {
      this.sequence += 1;
      const told = used.slice(words.length * MAX_TENANTS, (words.length + 1) * MAX_TENANTS);
      const more = words.length === 0 ? first : { anonymous: 0 };
      words.push({ replicaId, sequence: this.sequence, isLeaving, used: told, ...more });
    } while (words.length * MAX_TENANTS < used.length);
    return words;
  }

  /** What the log did not take is sent again as it was: the sequence tells the others what they know. */
  private async send(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    try {
      while (this.unsent.length > 0) {
        const words = [...this.unsent];
        await this.options.gossip.publish(words);
        this.unsent = this.unsent.slice(words.length);
      }
    } catch (err) {
      this.options.logger.debug({ err }, 'what was let through could not be told yet');
    } finally {
      this.isSending = false;
    }
  }

  private async work(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      this.tick();
      await this.options.clock.sleep(GOSSIP_EVERY_MS, signal).catch(() => undefined);
    }
  }
}
