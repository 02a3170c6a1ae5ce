import { requestAuditedV1 } from '@myriad/contracts';
import { appendTraced, makeEvent, toRecord, type EventLog } from '@myriad/messaging';
import { AuditSink, type AuditRecord } from '../application/ports.js';

/** Appends records of requests to the event log, each an event of its tenant. */
export class LogAuditSink extends AuditSink {
  constructor(private readonly log: Pick<EventLog, 'append'>) {
    super();
  }

  append(records: readonly AuditRecord[]): Promise<void> {
    return appendTraced(
      this.log,
      records.map(({ data, traceparent }) => {
        const trace = traceparent === undefined ? {} : { traceparent };
        const event = makeEvent(requestAuditedV1, { tenantId: data.tenantId, data, source: 'gateway', ...trace });
        return toRecord(event, requestAuditedV1);
      }),
    );
  }
}
