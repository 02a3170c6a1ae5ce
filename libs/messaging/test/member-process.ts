/* A member of a group in a process of its own: `member-process.ts <url> <group> <topic>`. Writes a line for each record and each commit. */
import { PostgresEventLog } from '../src/postgres/postgres-event-log.js';

const [url = '', group = '', topic = ''] = process.argv.slice(2);
const log = await PostgresEventLog.open({ url });
await log.subscribe({ group, topics: [topic], maxBatch: 10 }, async (batch) => {
  for (const record of batch.records) {
    process.stdout.write(`handled ${record.partition} ${record.offset}\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await batch.commit(record.offset);
    process.stdout.write(`committed ${record.partition} ${record.offset}\n`);
  }
});
process.stdout.write('joined\n');
