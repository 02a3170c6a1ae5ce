import { type Clock, atMost } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { counter } from '@myriad/telemetry';
import type { AuditSink } from './ports.js';
import { type AuditRecord, type RequestAudited } from './ports.js';

/** Records kept while the log is away; more are counted as lost. */
const MAX_BUFFERED = 20_000;
/** Records appended at a time. */
const BATCH = 500;
const FLUSH_EVERY_MS = 1000;

const lost = counter(
  'myriad_gateway_audit_lost_total',
  'Records of requests that were lost because the event log was away for too long',
);

export interface RequestAuditOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Requests of this second that are alike. */
interface Counted {
  /** The first of them. */
  readonly record: RequestAudited;
  count: number;
  /** Of all together. */
  durationMs: number;
}

/** A request that has ended. */
export type AuditedRequest = Omit<RequestAudited, 'at' | 'count'>;

/** Tells auth's audit chain of requests: each on its own, or counted by second where there may be many of a kind. */
export class RequestAudit {
  private buffer: AuditRecord[] = [];
  private readonly counts = new Map<string, Counted>();
  private readonly stop = new AbortController();
  private loop: Promise<void> | undefined;
  private isAway = false;

  constructor(private readonly options: RequestAuditOptions) {}

  start(): void {
    this.loop ??= this.work();
  }

  /** Sends what is left, once, and for `timeoutMs` milliseconds at most. */
  async close(timeoutMs = 5_000): Promise<void> {
    this.stop.abort();
    await atMost(timeoutMs, this.flushLast());
    const left = [...this.buffer.map(({ data }) => data), ...[...this.counts.values()].map(recordOf)];
    if (left.length === 0) return;
    lost.add(left.reduce((sum, { count }) => sum + count, 0));
    this.options.logger.error(
      { records: left.length },
      'audit records were lost: the event log did not take them before the end',
    );
  }

  /** One record. */
  record(request: AuditedRequest, traceparent?: string): void {
    this.push({ data: { ...request, count: 1, at: this.now() }, traceparent });
  }

  /** Adds to the record of this second of the same tenant, principal, route and outcome; its duration is the mean. */
  count(request: AuditedRequest): void {
    const { tenantId, principalId, method, route, status, code = '' } = request;
    const key = `${tenantId} ${principalId} ${method} ${route} ${status} ${code}`;
    const known = this.counts.get(key);
    if (known === undefined) {
      const record = { ...request, count: 1, at: this.now() };
      this.counts.set(key, { record, count: 1, durationMs: request.durationMs });
    } else {
      known.count += 1;
      known.durationMs += request.durationMs;
    }
  }

  /** Sends what there is; what the log does not take stays for the next time. */
  async flush(): Promise<void> {
    for (const counted of this.counts.values()) this.push({ data: recordOf(counted) });
    this.counts.clear();
    while (this.buffer.length > 0) {
      const batch = this.buffer.slice(0, BATCH);
      try {
        await this.options.sink.append(batch);
      } catch (err) {
        if (!this.isAway)
          this.options.logger.warn({ err }, 'the event log takes no audit records; they are kept for now');
        this.isAway = true;
        return;
      }
      this.isAway = false;
      this.buffer = this.buffer.slice(batch.length);
    }
  }

  private async flushLast(): Promise<void> {
    await this.loop;
    await this.flush();
  }

  private push(record: AuditRecord): void {
    if (this.buffer.length < MAX_BUFFERED) this.buffer.push(record);
    else lost.add(record.data.count);
  }

  private now(): string {
    return new Date(this.options.clock.nowMs()).toISOString();
  }

  private async work(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      await this.options.clock.sleep(FLUSH_EVERY_MS, signal).catch(() => undefined);
      await this.flush();
    }
  }
}

function recordOf({ record, count, durationMs }: Counted): RequestAudited {
  return { ...record, count, durationMs: durationMs / count };
}
