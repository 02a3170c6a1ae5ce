import { requestAuditedV1 } from '@myriad/contracts';
import { makeEvent, toRecord, type EventLog } from '@myriad/messaging';
import { AuditSink, type RequestAudited } from '../application/ports.js';

/** Appends records of requests to the event log, each an event of its tenant. */
export class LogAuditSink extends AuditSink {
  constructor(private readonly log: Pick<EventLog, 'append'>) {
    super();
  }

  append(records: readonly RequestAudited[]): Promise<void> {
    return this.log.append(
      records.map((data) => {
        const event = makeEvent(requestAuditedV1, { tenantId: data.tenantId, data, source: 'gateway' });
        return toRecord(event, requestAuditedV1);
      }),
    );
  }
}
