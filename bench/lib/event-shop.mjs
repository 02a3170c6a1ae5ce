// A small service's database and event for bench/events.mjs.
import { randomBytes } from 'node:crypto';
import { defineEvent, eventTopic } from '@myriad/contracts';
import { silentLogger } from '@myriad/messaging';
import { Database, infrastructureMigration, tenantTable } from '@myriad/persistence';
import { z } from 'zod';

export const thingChanged = defineEvent({
  type: 'bench.thing-changed.v1',
  topic: eventTopic(
    `myriad.bench.thing-${process.env.BENCH_RUN ?? (process.env.BENCH_RUN = randomBytes(4).toString('hex'))}.v1`,
  ),
  summary: 'A thing changed.',
  data: z.object({ name: z.string(), size: z.int(), sentMs: z.number(), note: z.string() }),
  key: (data, tenantId) => `${tenantId}/${data.name}`,
  example: { name: 'a', size: 1, sentMs: 0, note: '' },
});

class Things1700000000001 {
  name = 'Things1700000000001';
  async up(queryRunner) {
    await queryRunner.query(
      'CREATE TABLE thing (tenant_id text, name text, size int NOT NULL, version int NOT NULL DEFAULT 1, PRIMARY KEY (tenant_id, name))',
    );
    await tenantTable(queryRunner, 'thing');
  }
  async down() {}
}

/** Opens (and migrates) the database of one service. */
export function openShop({ url, migrationUrl }) {
  const migrations = [infrastructureMigration('shop'), Things1700000000001];
  return Database.open({ url, migrationUrl, entities: [], migrations, logger: silentLogger, poolSize: 8 });
}
