import { afterEach, describe, expect, it } from '@jest/globals';
import { batchJobChangedV1, batchRoutes, batchUsageMeteredV1 } from '@myriad/contracts';
import { ProblemError, systemClock, tenantId, type Clock } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { FileObjectStore, type ObjectStore } from '@myriad/storage';
import { eventually } from '@myriad/testing';
import { BATCH_JOB_STORE, type BatchJobStore } from '../src/application/ports.js';
import { BatchApp, csvOf, fixture, realtimeLines, someFlights } from './batch-app.js';

/** A process that starts an hour later: whatever was claimed before is stale. */
const later: Clock = { nowMs: () => Date.now() + 3_600_000, sleep: (ms, signal) => systemClock.sleep(ms, signal) };

/** The store with another `put`. */
function withPut(objects: ObjectStore, put: (original: ObjectStore['put']) => ObjectStore['put']): ObjectStore {
  const changed = Object.create(objects) as ObjectStore;
  changed.put = put(objects.put.bind(objects));
  return changed;
}

describe('a batch job whose worker ends', () => {
  const apps: BatchApp[] = [];
  const start = async (...options: Parameters<typeof BatchApp.start>): Promise<BatchApp> => {
    const app = await BatchApp.start(...options);
    apps.push(app);
    return app;
  };
  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.close().catch(() => undefined);
  });

  it('goes on after the last kept shard when the process is killed, and no row comes twice', async () => {
    const flights = someFlights(650);
    let isArmed = false;
    let parts = 0;
    const victim: BatchApp = await start({
      store: (objects) =>
        withPut(objects, (put) => async (...given) => {
          parts += isArmed ? 1 : 0;
          // dies while it stores the fourth part: nothing of it reaches the database any more
          if (parts === 4) await victim.harness.parts.database.close();
          return put(...given);
        }),
    });
    await victim.place('aa');
    await victim.commit('aa', csvOf(flights), { rowCount: 650 });
    isArmed = true;
    const { batchJobId } = await victim.create('aa');
    await eventually(() => {
      expect(parts).toBeGreaterThanOrEqual(4);
    });
    const heir = await start({ urls: victim.urls, clock: later, store: () => victim.objects });
    const job = await heir.ended('aa', batchJobId);
    expect(job).toMatchObject({ status: 'succeeded', progress: { shards: 7, shardsDone: 7, rows: 650 } });
    const output = await victim.lines('aa', job.output);
    expect(output.slice(1)).toEqual(await realtimeLines(flights));
    await heir.harness.flush();
    // the three shards before were told by whichever process was quicker
    const usage = [victim, heir].flatMap((app) => app.harness.eventsOf(batchUsageMeteredV1));
    expect(new Set(usage.map(({ id }) => id)).size).toBe(7);
    expect([...new Map(usage.map(({ id, data }) => [id, data.rows])).values()].reduce((a, b) => a + b)).toBe(650);
  });

  it('keeps what was scored, and its end, while the database is away for a moment', async () => {
    const flights = someFlights(300);
    const app = await start();
    await app.place('aa');
    await app.commit('aa', csvOf(flights), { rowCount: 300 });
    const { lost, restore } = loseDatabase(app);
    const job = await app.run('aa').finally(restore);
    expect(job).toMatchObject({ status: 'succeeded', progress: { shards: 3, shardsDone: 3, rows: 300 } });
    // three shards and the end: each refused before its effect, and once more after it, when the answer is lost
    expect(lost()).toBe(8);
    expect((await app.lines('aa', job.output)).slice(1)).toEqual(await realtimeLines(flights));
    expect(await query(app, 'SELECT attempt, tries FROM batch_job')).toEqual([{ attempt: 1, tries: 1 }]);
    await app.harness.flush();
    expect(app.harness.eventsOf(batchUsageMeteredV1).map(({ data }) => data.rows)).toEqual([100, 100, 100]);
  });

  it('is handed back by a process that stops in order', async () => {
    const flights = someFlights(400);
    let parts = 0;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const first: BatchApp = await start({
      store: (objects) =>
        withPut(objects, (put) => async (...given) => {
          parts += 1;
          if (parts === 2) await held;
          return put(...given);
        }),
    });
    await first.place('aa');
    await first.commit('aa', csvOf(flights), { rowCount: 400 });
    const { batchJobId } = await first.create('aa');
    await eventually(() => {
      expect(parts).toBeGreaterThanOrEqual(2);
    });
    const stopped = first.harness.app.close();
    letGo();
    await stopped;
    const second = await start({ urls: first.urls, store: () => first.objects });
    const job = await second.ended('aa', batchJobId);
    expect(job).toMatchObject({ status: 'succeeded', progress: { shardsDone: 4, rows: 400 } });
    expect((await first.lines('aa', job.output)).slice(1)).toEqual(await realtimeLines(flights));
  });

  it('is tried again after a fault of the store, and ends after the third', async () => {
    let failures = 1;
    const app = await start({
      store: (objects) =>
        withPut(objects, (put) => (...given) => {
          failures -= 1;
          return failures >= 0 ? Promise.reject(new Error('the disk is on fire')) : put(...given);
        }),
    });
    await app.place('aa');
    await app.commit('aa', csvOf(someFlights(50)), { rowCount: 50 });
    expect(await app.run('aa')).toMatchObject({ status: 'succeeded' });
    failures = 1000;
    const job = await app.run('aa');
    expect(job.status).toBe('failed');
    expect(job.reason).not.toBe('');
    expect(1000 - failures).toBeGreaterThanOrEqual(3);
  });

  it('stops when it is cancelled', async () => {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const app = await start({
      store: (objects) =>
        withPut(objects, (put) => async (...given) => {
          await held;
          return put(...given);
        }),
    });
    await app.place('aa');
    await app.commit('aa', csvOf(someFlights(300)), { rowCount: 300 });
    const { batchJobId } = await app.create('aa');
    await eventually(async () => {
      expect((await app.get('aa', batchJobId)).status).toBe('running');
    });
    const cancelled = await app.harness.request(batchRoutes.cancelBatchJob, { tenant: 'aa', params: { batchJobId } });
    expect(cancelled.status).toBe(200);
    await eventually(async () => {
      letGo();
      expect(await app.get('aa', batchJobId)).toMatchObject({ status: 'cancelled', output: null });
    });
    const job = await app.ended('aa', batchJobId);
    expect(job.progress.shardsDone).toBeLessThan(3);
    await app.harness.flush();
    const told = app.harness.eventsOf(batchJobChangedV1).map(({ data }) => data.status);
    expect(told.filter((status) => status === 'cancelled')).toHaveLength(1);
    expect(told).not.toContain('succeeded');
  });

  it('is cancelled at once while it is queued', async () => {
    const app = await start();
    await app.place('aa');
    await app.commit('aa', csvOf(someFlights(3)), { rowCount: 3 });
    const { batchJobId } = await app.run('aa');
    // as if it had just been made, with every worker busy: it is not due
    await query(app, "UPDATE batch_job SET status = 'queued', tries = 1, heartbeat_at = 'infinity', ended_at = NULL");
    const cancelled = await app.harness.request(batchRoutes.cancelBatchJob, { tenant: 'aa', params: { batchJobId } });
    expect(cancelled.body.status).toBe('cancelled');
    const again = await app.harness.request(batchRoutes.cancelBatchJob, { tenant: 'aa', params: { batchJobId } });
    expect(again.body).toEqual(cancelled.body);
  });

  it('is given up when it takes three workers down with it', async () => {
    const app = await start();
    await app.place('aa');
    await app.commit('aa', csvOf(someFlights(3)), { rowCount: 3 });
    const { batchJobId } = await app.run('aa');
    await query(app, "UPDATE batch_job SET status = 'running', tries = 3, heartbeat_at = 'epoch', ended_at = NULL");
    expect(await app.ended('aa', batchJobId)).toMatchObject({
      status: 'failed',
      reason: 'its worker was lost each time',
    });
  });

  it('leaves its output and nothing else in the store', async () => {
    const app = await start();
    await app.place('aa');
    await app.commit('aa', csvOf(someFlights(500)), { rowCount: 500 });
    const { output } = await app.run('aa');
    await eventually(async () => {
      const kept: string[] = [];
      for await (const { digest } of app.objects.list(tenantId('aa'))) kept.push(digest);
      // the model, the dataset, the output
      expect(kept).toHaveLength(3);
      expect(kept).toContain(output?.digest);
    });
  });

  it('is shown without URLs where the store gives none', async () => {
    const app = await start();
    const closed = await FileObjectStore.open({ root: `${app.harness.parts.folder}/objects` });
    const mute = await start({ store: () => closed });
    const flights = csvOf(someFlights(2));
    await mute.place('aa');
    await mute.commit('aa', flights, { rowCount: 2 });
    for (const bytes of [flights, fixture('logistic.onnx')]) await closed.put(tenantId('aa'), bytes);
    const job = await mute.run('aa');
    expect(job.output).toMatchObject({ url: '' });
  });
});

function query(app: BatchApp, sql: string): Promise<readonly Record<string, unknown>[]> {
  return app.harness.uow.runAcrossTenants('a test turns the state', (tx) => tx.query(sql));
}

/**
 * The database goes away at each shard and at the end: once before it has their effect, and once more when it has it and the answer is on its
 * way. `lost` says how often.
 */
function loseDatabase(app: BatchApp): { readonly lost: () => number; readonly restore: () => void } {
  const [work, store] = [app.harness.get(UnitOfWork), app.harness.get<BatchJobStore>(BATCH_JOB_STORE)];
  const [run, insertShard, update] = [work.run.bind(work), store.insertShard.bind(store), store.update.bind(store)];
  const effects = new WeakMap<Tx, string>();
  const losses = new Set<string>();
  const loseOnce = (what: string): void => {
    if (losses.has(what)) return;
    losses.add(what);
    const code = 'persistence.database_unavailable';
    throw new ProblemError({ kind: 'unavailable', code, detail: 'the database is away' });
  };
  const before = (tx: Tx, effect: string): void => {
    loseOnce(`before ${effect}`);
    effects.set(tx, effect);
  };
  work.run = async (ctx, fn, options) => {
    let own: Tx | undefined;
    const result = await run(ctx, (tx) => fn((own = tx)), options);
    const effect = own && effects.get(own);
    if (effect !== undefined) loseOnce(`after ${effect}`);
    return result;
  };
  store.insertShard = async (tx, id, shard) => {
    before(tx, `shard ${shard.shard}`);
    return insertShard(tx, id, shard);
  };
  store.update = async (tx, job) => {
    if (job.status === 'succeeded') before(tx, 'the end');
    return update(tx, job);
  };
  const restore = (): void => {
    Object.assign(store, { insertShard, update });
    Object.assign(work, { run });
  };
  return { lost: () => losses.size, restore };
}
