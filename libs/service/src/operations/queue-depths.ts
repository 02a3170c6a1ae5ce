import { UnitOfWork, type Database } from '@myriad/persistence';
import { gauge } from '@myriad/telemetry';

const outboxRecords = gauge(
  'myriad_outbox_records',
  'Events on their way to the event log, at most 100,000 are counted',
);
const outboxAge = gauge('myriad_outbox_age_seconds', 'Age of the oldest event on its way to the event log');
const waiting = gauge('myriad_queue_waiting', 'Work that waits for its turn');
const INTERVAL_MS = 15_000;
/** A table that is full is not counted to its end. */
const MOST_COUNTED = 100_000;

export interface Depths {
  readonly outbox: { readonly records: number; readonly oldestAgeSeconds: number };
  readonly queues: readonly { readonly name: string; readonly waiting: number }[];
}

/** Measures what waits in a service's database: the outbox, and the queues that it names by statements that give `waiting`. */
export class QueueDepths {
  private readonly uow: UnitOfWork;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    database: Database,
    private readonly queues: Readonly<Record<string, string>>,
  ) {
    this.uow = new UnitOfWork(database);
  }

  start(): void {
    this.timer ??= setInterval(() => void this.measure().catch(() => undefined), INTERVAL_MS).unref();
    void this.measure().catch(() => undefined);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** @throws when the database is away */
  measure(): Promise<Depths> {
    return this.uow.runAcrossTenants('operations: measure what waits', async (tx) => {
      const [found] = await tx.query<{ records: number; age: number }>(
        `SELECT count(*)::int AS records, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
         FROM (SELECT created_at FROM outbox ORDER BY id LIMIT ${MOST_COUNTED}) AS pending`,
      );
      const outbox = { records: found?.records ?? 0, oldestAgeSeconds: Math.max(0, found?.age ?? 0) };
      outboxRecords.set(outbox.records);
      outboxAge.set(outbox.oldestAgeSeconds);
      const queues: { name: string; waiting: number }[] = [];
      for (const [name, sql] of Object.entries(this.queues)) {
        const [row] = await tx.query<{ waiting: number }>(sql);
        queues.push({ name, waiting: row?.waiting ?? 0 });
        waiting.set(row?.waiting ?? 0, { queue: name });
      }
      return { outbox, queues };
    });
  }
}
