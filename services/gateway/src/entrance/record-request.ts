import { PLATFORM_TENANT } from '@myriad/kernel';
import { counter, histogram, traceFieldsOf, type Logger } from '@myriad/telemetry';
import type { AuditedRequest, RequestAudit } from '../application/request-audit.js';
import type { Arrival } from './arrival.js';

const requests = counter('myriad_gateway_requests_total', 'Requests by service and status class');
const durations = histogram(
  'myriad_gateway_request_duration_seconds',
  'From the head of a request to the end of its answer',
  { unit: 'seconds' },
);

/** The client left before it had its answer (a convention of proxies; never sent). */
const CLIENT_GONE = 499;
/** Answers that say the caller may not. */
const TOO_MANY = 429;
const REFUSED: ReadonlySet<number> = new Set([401, 403, TOO_MANY]);
/** What is no known method is no value of a label. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

export interface RecordRequestOptions {
  readonly audit: RequestAudit;
  readonly logger: Logger;
}

/** Counts, logs, traces and audits a request that has ended. */
export class RecordRequest {
  constructor(private readonly options: RecordRequestOptions) {}

  /** @param status of its answer; undefined when the client left before */
  execute(exchange: Arrival, answered: number | undefined): void {
    const { span } = exchange;
    // the gateway's own doors (health, metrics, documents) are no one's requests
    if (span === undefined && exchange.code === undefined) return;
    const status = answered ?? CLIENT_GONE;
    measure(exchange, status);
    endSpan(exchange, status);
    if (!isAudited(exchange, status)) return;
    const { audit, logger } = this.options;
    const record = recordOf(exchange, status);
    if (exchange.target?.isPrediction === true || exchange.principal === undefined || status === TOO_MANY) {
      audit.count(record);
      return;
    }
    audit.record(record, exchange.traceparent);
    logger.info({ ...record, ...traceFieldsOf(exchange.traceparent) }, 'request');
  }
}

function measure({ target, method: sent, durationMs }: Arrival, status: number): void {
  const service = target?.service ?? 'gateway';
  const statusClass = `${Math.floor(status / 100)}xx`;
  const method = METHODS.has(sent) ? sent : 'other';
  requests.add(1, { service, status: statusClass });
  durations.record(durationMs / 1000, { service, method, route: target?.route.path ?? 'none', status: statusClass });
}

function endSpan({ span, target, session, code }: Arrival, status: number): void {
  if (span === undefined) return;
  span.set({ 'http.response.status_code': status });
  if (target !== undefined) {
    span.rename(`${target.route.method} ${target.route.path}`);
    span.set({ 'http.route': target.route.path });
  }
  if (session !== undefined) span.set({ 'myriad.tenant_id': session.tenantId });
  if (code !== undefined) span.set({ 'myriad.problem_code': code });
  span.end(status >= 500 ? (code ?? String(status)) : undefined);
}

/** What changes something, and what is refused. */
function isAudited({ target, method, code }: Arrival, status: number): boolean {
  const isMutating = target !== undefined && method !== 'GET';
  return isMutating || REFUSED.has(status) || (code !== undefined && status < 500);
}

function recordOf(exchange: Arrival, status: number): AuditedRequest {
  const { target, method, session, principal, requestId, durationMs, code } = exchange;
  return {
    tenantId: session?.tenantId ?? principal?.homeTenantId ?? PLATFORM_TENANT,
    principalId: principal?.principalId ?? 'anonymous',
    requestId,
    method,
    route: target?.route.path ?? '(none)',
    status,
    durationMs,
    ...(code === undefined ? {} : { code }),
  };
}
