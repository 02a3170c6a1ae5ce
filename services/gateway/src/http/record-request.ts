import { PLATFORM_TENANT } from '@myriad/kernel';
import { counter, histogram, type Logger } from '@myriad/telemetry';
import type { AuditedRequest, RequestAudit } from '../application/request-audit.js';
import type { Exchange } from './exchange.js';

const requests = counter('myriad_gateway_requests_total', 'Requests by service and status class');
const durations = histogram(
  'myriad_gateway_request_duration_seconds',
  'From the head of a request to the end of its answer',
);

/** The client left before it had its answer (a convention of proxies; never sent). */
const CLIENT_GONE = 499;
/** Answers that say the caller may not. */
const TOO_MANY = 429;
const REFUSED: ReadonlySet<number> = new Set([401, 403, TOO_MANY]);

export interface RecordRequestOptions {
  readonly audit: RequestAudit;
  readonly logger: Logger;
}

/** Counts, logs and audits a request that has ended. */
export class RecordRequest {
  constructor(private readonly options: RecordRequestOptions) {}

  execute(exchange: Exchange): void {
    const { target, response } = exchange;
    const status = response.headersSent ? response.statusCode : CLIENT_GONE;
    const service = target?.service ?? 'gateway';
    requests.add(1, { service, status: `${Math.floor(status / 100)}xx` });
    durations.record(exchange.durationMs / 1000, { service });
    if (!isAudited(exchange, status)) return;
    const record = recordOf(exchange, status);
    const { audit, logger } = this.options;
    if (target?.isPrediction === true || exchange.principal === undefined || status === TOO_MANY) {
      audit.count(record);
      return;
    }
    audit.record(record);
    logger.info(record, 'request');
  }
}

/** What changes something, and what is refused. */
function isAudited({ target, request, code }: Exchange, status: number): boolean {
  const isMutating = target !== undefined && request.method !== 'GET';
  return isMutating || REFUSED.has(status) || (code !== undefined && status < 500);
}

function recordOf(exchange: Exchange, status: number): AuditedRequest {
  const { target, request, session, principal, requestId, durationMs, code } = exchange;
  return {
    tenantId: session?.tenantId ?? principal?.homeTenantId ?? PLATFORM_TENANT,
    principalId: principal?.principalId ?? 'anonymous',
    requestId,
    method: request.method ?? '',
    route: target?.route.path ?? '(none)',
    status,
    durationMs,
    ...(code === undefined ? {} : { code }),
  };
}
