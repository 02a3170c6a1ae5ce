import { tenantChangedV1 } from '@myriad/contracts';
import { FakeClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { ConcurrencyLimiter } from '../../src/application/concurrency-limiter.js';
import { IdentityTables } from '../../src/application/identity-tables.js';
import { RateGossip, type RateUsed } from '../../src/application/ports.js';
import { RateLimiter } from '../../src/application/rate-limiter.js';
import { GOSSIP_EVERY_MS, ShareLimits } from '../../src/application/share-limits.js';
import type { RateLimit } from '../../src/domain/token-bucket.js';

export const STEP_MS = 10;
export const TENANT = 'aa';
/** Requests in flight that the tenant may have. */
export const IN_FLIGHT = 100;
const logger = createLogger({ service: 'gateway', level: 'silent' });

interface Replica {
  readonly limiter: RateLimiter;
  readonly concurrency: ConcurrencyLimiter;
  readonly limits: ShareLimits;
  readonly latencyMs: number;
  readonly phaseMs: number;
  /** Words on their way to it. */
  readonly inbox: { readonly atMs: number; readonly word: RateUsed }[];
}

class SimulatedLog extends RateGossip {
  isAway = false;
  constructor(private readonly deliver: (word: RateUsed) => void) {
    super();
  }
  publish(words: readonly RateUsed[]): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('the log is away'));
    words.forEach(this.deliver);
    return Promise.resolve();
  }
}

/** Replicas of the gateway on one clock that only the test turns, with a log that takes its time. */
export class RateSimulation {
  readonly clock = new FakeClock();
  readonly replicas: Replica[] = [];
  admitted = 0;
  refused = 0;
  /** The most that was let through in any stretch of time beyond `requestsPerSecond` times its length. */
  peak = 0;
  private backlog = 0;
  private started = 0;
  readonly log = new SimulatedLog((word) => {
    const nowMs = this.clock.nowMs();
    for (const { inbox, latencyMs } of this.replicas) inbox.push({ atMs: nowMs + latencyMs, word });
  });

  constructor(private readonly limit: RateLimit) {}

  join(latencyMs = 50, phaseMs = 0): Replica {
    const tables = new IdentityTables();
    tables.setTenant({ ...tenantChangedV1.example, tenantId: TENANT, rateLimit: { ...this.limit } });
    const limiter = new RateLimiter(tables, this.clock);
    this.started += 1;
    const { clock, log: gossip } = this;
    const concurrency = new ConcurrencyLimiter(tables, IN_FLIGHT);
    const limits = new ShareLimits({ limiter, concurrency, gossip, clock, logger, replicaId: `gtw_${this.started}` });
    const replica = { limiter, concurrency, limits, latencyMs, phaseMs, inbox: [] };
    this.replicas.push(replica);
    limits.tick();
    return replica;
  }

  /** It is gone at once, and what it let through last was never told. */
  kill(replica: Replica): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
  }

  request(replica: Replica): boolean {
    const { isAdmitted } = replica.limiter.take(TENANT);
    if (!isAdmitted) this.refused += 1;
    else {
      this.admitted += 1;
      this.backlog += 1;
      this.peak = Math.max(this.peak, this.backlog);
    }
    return isAdmitted;
  }

  /** Lets time go on; each step `send` may send requests. */
  async run(ms: number, send: (nowMs: number) => void = () => undefined): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.advance(STEP_MS);
      this.backlog = Math.max(0, this.backlog - (this.limit.requestsPerSecond * STEP_MS) / 1000);
      const nowMs = this.clock.nowMs();
      for (const replica of [...this.replicas]) {
        while ((replica.inbox[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs)
          replica.limits.hear(replica.inbox.shift()!.word);
        if ((nowMs + replica.phaseMs) % GOSSIP_EVERY_MS < STEP_MS) replica.limits.tick();
      }
      send(nowMs);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
  }
}
