import { uuidv7 } from '@myriad/kernel';
import type { CheckedSubscribeOptions } from '../check-records.js';
import type { GroupBackend, Lease } from '../group/group-backend.js';
import { readRecords } from './read-records.js';
import type { Session } from './session.js';
import type { Sql } from './sql.js';

interface LeaseRow {
  readonly partition_id: number;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly keep: boolean;
  readonly next_offset: string;
  readonly end_offset: string;
}

interface PostgresLease extends Lease {
  readonly id: number;
}

const idOf = (lease: Lease): number => (lease as PostgresLease).id;

/** One member of a group in the database. Membership goes through the session, records and offsets through the pool. */
export function postgresGroup(session: Session, pool: Sql, options: CheckedSubscribeOptions): GroupBackend {
  const { group, topics, sessionTimeoutMs, from } = options;
  const member = uuidv7();
  return {
    sync: async () => {
      const rows = await session.query<LeaseRow>({
        name: 'log_sync',
        text: 'select * from log_sync($1, $2, $3, $4, $5, $6)',
        values: [group, member, session.process, topics, sessionTimeoutMs, from],
      });
      return rows.map((row): PostgresLease => ({
        id: row.partition_id,
        topic: row.topic,
        partition: row.partition,
        epoch: BigInt(row.epoch),
        keep: row.keep,
        position: BigInt(row.next_offset),
        end: BigInt(row.end_offset),
      }));
    },
    read: (lease, offset, max) =>
      readRecords(pool, { id: idOf(lease), topic: lease.topic, partition: lease.partition }, offset, max),
    commit: async (lease, next) => {
      const [row] = await pool.query<{ done: boolean }>({
        name: 'log_commit',
        text: 'select log_commit($1, $2, $3, $4, $5) as done',
        values: [group, idOf(lease), member, String(lease.epoch), String(next)],
      });
      return row?.done === true;
    },
    release: async (lease) => {
      await session.query({
        text: 'select log_release($1, $2, $3, $4)',
        values: [group, idOf(lease), member, String(lease.epoch)],
      });
    },
    leave: async () => {
      await session.query({ text: 'select log_leave($1, $2)', values: [group, member] });
    },
  };
}
