import { cloudEventSchema } from '@myriad/contracts';
import { startTelemetry } from '@myriad/telemetry';
import { eventually, testContext } from '@myriad/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OutboxRelay, type OutboxRecord, type UnitOfWork } from '../src/index.js';
import { ListLog, eventOf, openShop, silent, thingChanged, type Shop } from './support.js';

const aa = testContext('aa');
/** So long that only being woken makes a test pass in time. */
const NEVER_MS = 600_000;

describe('OutboxRelay', () => {
  let shop: Shop;
  let log: ListLog;
  let relays: OutboxRelay[];
  beforeEach(async () => {
    shop = await openShop();
    log = new ListLog();
    relays = [];
  });
  afterEach(async () => {
    for (const relay of relays) await relay.stop();
    await shop.close();
  });

  const startRelay = (more: Partial<ConstructorParameters<typeof OutboxRelay>[0]> = {}): OutboxRelay => {
    const relay = new OutboxRelay({
      database: shop.database,
      append: log.append,
      logger: silent,
      pollMs: NEVER_MS,
      ...more,
    });
    relays.push(relay);
    relay.start();
    return relay;
  };
  const emit = (name: string, size: number, uow: UnitOfWork = shop.uow): Promise<void> =>
    uow.run(aa, (tx) => tx.emit(thingChanged, { name, size }));
  const left = async (): Promise<unknown> => (await shop.admin('SELECT count(*)::int AS n FROM outbox'))[0]?.['n'];
  /** Every bump of one row, serialized by its lock, says the number it made. */
  const bump = (name: string, uow: UnitOfWork): Promise<void> =>
    uow.run(aa, async (tx) => {
      const [row] = await tx.query<{ size: number }>(
        `INSERT INTO thing VALUES ('aa', $1, 1) ON CONFLICT (tenant_id, name) DO UPDATE SET size = thing.size + 1 RETURNING size`,
        [name],
      );
      await tx.emit(thingChanged, { name, size: row!.size });
    });

  it('stops in time while the log never answers, and leaves the events to the next', async () => {
    const silentRelay = startRelay({ append: () => new Promise(() => undefined) });
    await emit('x', 1);
    await eventually(() => {
      expect(silentRelay.isLeader).toBe(true);
    });
    const fromMs = performance.now();
    await silentRelay.stop();
    expect(performance.now() - fromMs).toBeLessThan(6_000);
    expect([await left(), log.records]).toEqual([1, []]);
  });

  it('hands a committed event to the log within milliseconds and forgets it', async () => {
    const relay = startRelay();
    await relay.flush();
    await emit('x', 1);
    await eventually(() => {
      expect(log.records).toHaveLength(1);
    });
    const [record] = log.records as [OutboxRecord];
    expect(record).toMatchObject({ topic: 'myriad.shop.thing.v1', key: 'aa/x' });
    expect(record.headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      ce_type: 'shop.thing-changed.v1',
    });
    expect(cloudEventSchema.parse(eventOf(record)).id).toBe(record.headers['ce_id']);
    await eventually(async () => {
      expect(await left()).toBe(0);
    });
  });

  it('relays what was committed before it started, in batches', async () => {
    await shop.uow.run(aa, async (tx) => {
      for (let size = 0; size < 1_234; size += 1) await tx.emit(thingChanged, { name: 'x', size });
    });
    await startRelay().flush();
    expect(log.sizesOf('aa/x')).toEqual(Array.from({ length: 1_234 }, (_, size) => size));
    expect(log.attempts).toBe(3);
  });

  it('bounds a batch by bytes too', async () => {
    const name = 'n'.repeat(400_000);
    for (let size = 0; size < 25; size += 1) await emit(name, size);
    const batches: number[] = [];
    await startRelay({
      append: (records) => {
        batches.push(records.reduce((sum, record) => sum + record.value.length, 0));
        return log.append(records);
      },
    }).flush();
    expect(log.records).toHaveLength(25);
    expect(Math.max(...batches)).toBeLessThan(6 * 1_048_576);
  });

  it('keeps the order of each key with two relays and two writing processes', async () => {
    const other = await shop.another();
    startRelay();
    startRelay({ database: other.database });
    const names = ['a', 'b', 'c'];
    await Promise.all(
      Array.from({ length: 90 }, (_, index) => bump(names[index % 3]!, index % 2 === 0 ? shop.uow : other.uow)),
    );
    await eventually(() => {
      expect(log.records).toHaveLength(90);
    });
    for (const name of names) expect(log.sizesOf(`aa/${name}`)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it('relays no event of a key before one that was written earlier and committed later', async () => {
    // Writes down each id as it is given, and then holds the commit up.
    await shop.admin(`
      CREATE TABLE given (id bigint PRIMARY KEY, event_id text NOT NULL);
      CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        INSERT INTO given VALUES (NEW.id, NEW.event_id);
        PERFORM pg_sleep(random() * 0.02);
        RETURN NULL;
      END $$;
      CREATE TRIGGER write_down AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION write_down()`);
    startRelay();
    await Promise.all(Array.from({ length: 40 }, (_, size) => emit('x', size)));
    await eventually(() => {
      expect(log.records).toHaveLength(40);
    });
    const given = await shop.admin('SELECT event_id FROM given ORDER BY id');
    expect(log.records.map((record) => record.headers['ce_id'])).toEqual(given.map((row) => row['event_id']));
  });

  it('hears a commit of a process whose relay only stands by', async () => {
    const other = await shop.another();
    startRelay();
    await emit('first', 0);
    await eventually(() => {
      expect(log.records).toHaveLength(1); // it leads
    });
    const standby = startRelay({ database: other.database, append: () => Promise.reject(new Error('does not lead')) });
    await emit('x', 1, other.uow);
    await eventually(() => {
      expect(log.records).toHaveLength(2);
    });
    await standby.stop();
  });

  it('is taken over by the one that stands by', async () => {
    const other = await shop.another();
    const first = startRelay();
    await emit('x', 1);
    await first.flush();
    startRelay({ database: other.database, pollMs: 20 });
    await first.stop();
    await emit('x', 2, other.uow);
    await eventually(() => {
      expect(log.sizesOf('aa/x')).toEqual([1, 2]);
    });
  });

  it('sends again, and loses nothing, when it dies between append and delete', async () => {
    const other = await shop.another();
    const first = startRelay({
      append: async (records) => {
        await log.append(records);
        await shop.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'outbox-relay' AND datname = current_database()`);
      },
    });
    await emit('x', 1);
    await eventually(() => {
      expect(log.records.length).toBeGreaterThan(0);
    });
    await first.stop();
    expect(await left()).toBe(1);
    const before = log.records.length;
    const second = startRelay({ database: other.database });
    await second.flush();
    expect(log.records).toHaveLength(before + 1);
    expect(new Set(log.records.map((record) => record.headers['ce_id'])).size).toBe(1);
    expect(await left()).toBe(0);
  });

  it('waits out an outage of the log and then keeps the order', async () => {
    log.fails = true;
    const relay = startRelay();
    for (const size of [1, 2, 3]) await emit('x', size);
    await eventually(() => {
      expect(log.attempts).toBeGreaterThan(1);
    });
    expect(log.records).toEqual([]);
    log.fails = false;
    await relay.flush();
    expect(log.sizesOf('aa/x')).toEqual([1, 2, 3]);
  });

  it('counts what it hands on and where it failed', async () => {
    const telemetry = await startTelemetry({ service: 'shop' });
    log.fails = true;
    const relay = startRelay();
    await emit('x', 1);
    await eventually(() => {
      expect(log.attempts).toBeGreaterThan(1);
    });
    log.fails = false;
    await relay.flush();
    const text = await telemetry.metricsText();
    expect(text).toMatch(/^myriad_outbox_relayed_total 1$/m);
    expect(text).toMatch(/^myriad_outbox_failures_total [1-9]/m);
    await telemetry.shutdown();
  });

  it('comes back after the database cut its connection', async () => {
    const relay = startRelay();
    await emit('x', 1);
    await relay.flush();
    await shop.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'outbox-relay' AND datname = current_database()`);
    await emit('x', 2);
    await eventually(() => {
      expect(log.sizesOf('aa/x')).toEqual([1, 2]);
    });
  });

  it('stops at once while the log is away', async () => {
    log.fails = true;
    const relay = startRelay();
    await emit('x', 1);
    await eventually(() => {
      expect(log.attempts).toBeGreaterThan(2);
    });
    const started = Date.now();
    await relay.stop();
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(await left()).toBe(1);
  });

  it('forgets handled events and answers only when they are old', async () => {
    await shop.admin(`INSERT INTO inbox VALUES
      ('aa', 'default', '0190b3a4-0000-7000-8000-000000000001', now() - interval '46 days'),
      ('aa', 'default', '0190b3a4-0000-7000-8000-000000000002', now() - interval '44 days')`);
    startRelay();
    await eventually(async () => {
      expect(await shop.admin('SELECT count(*)::int AS n FROM inbox')).toEqual([{ n: 1 }]);
    });
  });
});
