import type { Owned, Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { JobEvent, JobEventStore } from '../application/ports.js';
import type { Job } from '../domain/job.js';

interface EventRecord {
  sequence: string;
  at: Date;
  kind: JobEvent['kind'];
  task_id: string | null;
  data: Record<string, unknown>;
}

function toEvent(row: EventRecord): JobEvent {
  return { sequence: Number(row.sequence), at: row.at, kind: row.kind, taskId: row.task_id, data: row.data };
}

@Injectable()
export class SqlJobEventStore implements JobEventStore {
  async append(
    tx: Tx,
    job: Pick<Owned<Job>, 'tenantId' | 'jobId'>,
    events: readonly Omit<JobEvent, 'sequence'>[],
  ): Promise<void> {
    for (const { at, kind, taskId, data } of events)
      await tx.query(
        'INSERT INTO job_event (tenant_id, job_id, at, kind, task_id, data) VALUES ($1, $2, $3, $4, $5, $6)',
        [job.tenantId, job.jobId, at, kind, taskId, JSON.stringify(data)],
      );
  }

  async after(tx: Tx, jobId: string, sequence: number, limit: number): Promise<readonly JobEvent[]> {
    return (
      await tx.query<EventRecord>(
        'SELECT * FROM job_event WHERE job_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3',
        [jobId, sequence, limit],
      )
    ).map(toEvent);
  }

  async logs(tx: Tx, jobId: string, page: PageRequest): Promise<Page<JobEvent>> {
    const rows = await tx.query<EventRecord>(
      "SELECT * FROM job_event WHERE job_id = $1 AND kind = 'log' AND ($2::bigint IS NULL OR sequence > $2) ORDER BY sequence LIMIT $3",
      [jobId, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toEvent, ({ sequence }) => sequence);
  }
}
