import { uuidv7 } from '@myriad/kernel';
import type { NewRecord } from '../event-log.port.js';
import type { Sql } from './sql.js';
import type { TopicTable } from './topic-table.js';

/**
 * Appends batches in one round trip each. A batch has a number of this producer, so that a repetition after a lost connection changes nothing.
 */
export function appendRecords(
  sql: Sql,
  topics: TopicTable,
): (records: readonly NewRecord[], sequence: number) => Promise<void> {
  const producer = uuidv7();
  return async (records, sequence) => {
    await sql.query({
      name: 'log_append',
      text: 'select log_append($1, $2, $3, $4, $5, $6)',
      values: [
        producer,
        sequence,
        records.map(({ topic, key }) => topics.idFor(topic, key)),
        records.map(({ key }) => key),
        records.map(({ value }) => value),
        records.map(({ headers }) => JSON.stringify(headers)),
      ],
    });
  };
}
