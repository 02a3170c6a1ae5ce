import { trainingRoutes } from '@myriad/contracts';
import { FakeClock, ProblemError } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { eventually } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EndRun } from '../../src/application/end-run.js';
import {
  CLOCK,
  EXPERIMENT_STORE,
  FLEET_RUN_STORE,
  JOB_EVENT_STORE,
  JOB_STORE,
  type JobRunner,
  LOGGER,
  RUN_STORE,
  type RunnerMessage,
  type RunnerRequest,
} from '../../src/application/ports.js';
import { RunJobs } from '../../src/application/run-jobs.js';
import { TrainingApp } from '../training-app.js';

const LEASE_MS = 10_000;
const never = new AbortController().signal;

/** A promise that somebody else keeps. */
class Latch<T> {
  open!: (value: T) => void;
  readonly opened = new Promise<T>((resolve) => {
    this.open = resolve;
  });
}

/**
 * A worker of another process on the same database; `kill` cuts it off as `kill -9` would, `lose` takes its database away, `revive` lets it write
 * again.
 */
class Worker {
  private fault: Error | undefined;
  /** Transactions that were refused. */
  refused = 0;
  private readonly begun = new Latch<(message: RunnerMessage) => Promise<void>>();
  private readonly end = new Latch<true>();
  request: RunnerRequest | undefined;
  signal: AbortSignal | undefined;
  readonly jobs: RunJobs;

  constructor({ harness }: TrainingApp) {
    const uow = new UnitOfWork(harness.parts.database);
    const work = new Proxy(uow, {
      get: (target, name: keyof UnitOfWork) =>
        this.fault ? this.refuse : (target[name] as () => unknown).bind(target),
    });
    const runner: JobRunner = {
      run: async (request, onMessage, signal) => {
        this.request = request;
        this.signal = signal;
        this.begun.open(onMessage);
        await this.end.opened;
        return { isComplete: true, reason: '', cpuMillis: 5 };
      },
    };
    const stores = [JOB_STORE, RUN_STORE, FLEET_RUN_STORE, JOB_EVENT_STORE, EXPERIMENT_STORE].map((token) =>
      harness.get(token),
    ) as [never, never, never, never, never];
    this.jobs = new RunJobs(work, harness.get(EndRun), ...stores, runner, harness.get(CLOCK), harness.get(LOGGER));
  }

  kill(): void {
    this.fault = new Error('killed');
  }

  lose(): void {
    const code = 'persistence.database_unavailable';
    this.fault = new ProblemError({ kind: 'unavailable', code, detail: 'the database is away' });
  }

  revive(): void {
    this.fault = undefined;
  }

  /** Resolves when so many transactions more were refused. */
  async hasMissed(count: number): Promise<void> {
    const before = this.refused;
    await eventually(() => {
      expect(this.refused).toBeGreaterThanOrEqual(before + count);
    });
  }

  private readonly refuse = (): Promise<never> => {
    this.refused += 1;
    return Promise.reject(this.fault ?? new Error('it lives'));
  };

  /** Says that every task has ended well, with this metric. */
  async report(auc: number): Promise<void> {
    const say = await this.begun.opened;
    for (const { taskId } of this.request?.tasks ?? []) {
      const artifact = { digest: `sha256:${'0'.repeat(64)}` as never, sizeBytes: 3 };
      await say({
        t: 'task',
        taskId,
        outcome: 'succeeded',
        reason: '',
        artifact,
        parityDigest: null,
        metrics: { auc },
        durationMs: 1,
      });
    }
  }

  finish(): void {
    this.end.open(true);
  }
}

describe('RunJobs', () => {
  const clock = new FakeClock();
  let app: TrainingApp;
  beforeAll(async () => {
    // no worker of its own: the tests say who works when
    app = await TrainingApp.start({ clock, maxParallelJobs: 0 });
    await app.dataset('aa');
  });
  afterAll(() => app.close());

  /** Has the worker take the job; `done` is when it is through with it. */
  async function taken(worker: Worker, jobId: string): Promise<{ readonly done: Promise<void> }> {
    const next = await worker.jobs.next(never);
    expect(next?.jobId).toBe(jobId);
    return { done: next?.done ?? Promise.reject(new Error('there was no job')) };
  }

  it('takes over the job of a worker that was killed, and nothing ends twice when that one comes back', async () => {
    const { jobId } = (await app.submit('aa', 'done()')).body;
    const [first, second] = [new Worker(app), new Worker(app)];
    const { done: firstDone } = await taken(first, jobId);
    first.kill();
    clock.advance(LEASE_MS);
    expect(await second.jobs.next(never)).toBeUndefined();
    clock.advance(1);
    const { done: secondDone } = await taken(second, jobId);
    await second.report(0.75);
    first.revive();
    await first.report(0.1);
    first.finish();
    await firstDone;
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'running', attempt: 2 });
    second.finish();
    await secondDone;
    expect(await app.job('aa', jobId)).toMatchObject({
      status: 'succeeded',
      attempt: 2,
      runs: [{ status: 'succeeded' }],
    });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'succeeded', metrics: { auc: 0.75 } }]);
    expect(await app.statuses(jobId)).toEqual(['queued', 'running', 'running', 'succeeded']);
  });

  it('does not train again what the lost worker had reported', async () => {
    const { jobId } = (await app.submit('aa', 'done()')).body;
    const [first, second] = [new Worker(app), new Worker(app)];
    await taken(first, jobId);
    await first.report(0.5);
    first.kill();
    clock.advance(LEASE_MS + 1);
    const { done } = await taken(second, jobId);
    await eventually(() => {
      expect(second.request?.tasks).toEqual([]);
    });
    second.finish();
    first.finish();
    await done;
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'succeeded' });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ metrics: { auc: 0.5 } }]);
  });

  it('keeps what a job says, and how it ended, while the database is away for a moment', async () => {
    const { jobId } = (await app.submit('aa', 'done()', { limits: { maxAttempts: 1 } })).body;
    const worker = new Worker(app);
    const { done } = await taken(worker, jobId);
    await eventually(() => {
      expect(worker.request).toBeDefined();
    });
    worker.lose();
    const reported = worker.report(0.5);
    await worker.hasMissed(2);
    worker.revive();
    await reported;
    worker.lose();
    worker.finish();
    await worker.hasMissed(2);
    worker.revive();
    await done;
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'succeeded', metrics: { auc: 0.5 } }]);
    expect(await app.statuses(jobId)).toEqual(['queued', 'running', 'succeeded']);
  });

  it('does not wait for the database when its own service stops, and fails no job for that', async () => {
    const { jobId } = (await app.submit('aa', 'done()', { limits: { maxAttempts: 1 } })).body;
    const shutdown = new AbortController();
    const [first, second] = [new Worker(app), new Worker(app)];
    const next = await first.jobs.next(shutdown.signal);
    await eventually(() => {
      expect(first.request).toBeDefined();
    });
    shutdown.abort();
    first.lose();
    first.finish();
    await next?.done;
    first.revive();
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'running' });
    clock.advance(LEASE_MS + 1);
    const { done } = await taken(second, jobId);
    await second.report(0.5);
    second.finish();
    await done;
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  it('stops a worker that has lost its job, and keeps one that says that it lives', async () => {
    const { jobId } = (await app.submit('aa', 'done()')).body;
    const [first, second] = [new Worker(app), new Worker(app)];
    const { done: firstDone } = await taken(first, jobId);
    first.kill();
    clock.advance(LEASE_MS + 1);
    const { done: secondDone } = await taken(second, jobId);
    first.revive();
    await eventually(() => {
      expect(first.signal?.reason).toBe('lost');
    });
    clock.advance(LEASE_MS - 1);
    await eventually(async () => {
      const [row] = await app.harness.uow.runAcrossTenants('look', (tx) =>
        tx.query<{ at: Date }>('SELECT heartbeat_at AS at FROM job WHERE job_id = $1', [jobId]),
      );
      expect(row?.at.getTime()).toBe(clock.nowMs());
    });
    clock.advance(2);
    expect(await new Worker(app).jobs.next(never)).toBeUndefined();
    await second.report(0.5);
    first.finish();
    second.finish();
    await Promise.all([firstDone, secondDone]);
    expect(await app.statuses(jobId)).toEqual(['queued', 'running', 'running', 'succeeded']);
  });

  it('gives up on a job that loses one worker after the other', async () => {
    const { jobId } = (await app.submit('aa', 'done()', { limits: { maxAttempts: 1 } })).body;
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const worker = new Worker(app);
      await taken(worker, jobId);
      worker.kill();
      worker.finish();
      clock.advance(LEASE_MS + 1);
    }
    const last = new Worker(app);
    await (
      await taken(last, jobId)
    ).done;
    expect(last.request).toBeUndefined();
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'failed', reason: 'its worker was lost 4 times' });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'failed' }]);
  });

  it('fails a job whose dataset is gone from the store, after its attempts', async () => {
    const digest = await app.dataset('gone', 'b\n1\n');
    const { jobId } = (await app.submit('gone', 'done()')).body;
    await app.harness.parts.objects.delete('gone' as never, digest);
    const jobs = app.harness.get(RunJobs);
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const next = await jobs.next(never);
      expect(next?.jobId).toBe(jobId);
      await next?.done;
      clock.advance(LEASE_MS + 1);
    }
    expect(await app.job('gone', jobId)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('could not be run'),
      runs: [{ status: 'failed' }],
    });
    expect(await jobs.next(never)).toBeUndefined();
  });

  it('cancels a job that nobody has begun, without beginning it', async () => {
    const { jobId } = (await app.submit('aa', 'done()')).body;
    await app.harness.request(trainingRoutes.cancelJob, { tenant: 'aa', params: { jobId } });
    const worker = new Worker(app);
    await (
      await taken(worker, jobId)
    ).done;
    expect(worker.request).toBeUndefined();
    expect((await app.job('aa', jobId)).status).toBe('cancelled');
  });

  it('puts a job back when its own service stops', async () => {
    const { jobId } = (await app.submit('aa', 'done()', { limits: { maxAttempts: 1 } })).body;
    const shutdown = new AbortController();
    const begun = new Latch<true>();
    const runner: JobRunner = {
      run: (_request, _onMessage, signal) =>
        new Promise((resolve) => {
          begun.open(true);
          signal.addEventListener('abort', () => {
            resolve({ isComplete: false, reason: 'stopped', cpuMillis: null });
          });
        }),
    };
    const worker = new Worker(app);
    Object.assign(worker.jobs, { runner });
    const next = await worker.jobs.next(shutdown.signal);
    await begun.opened;
    shutdown.abort();
    await next?.done;
    expect(await app.job('aa', jobId)).toMatchObject({ status: 'queued', runs: [{ status: 'queued' }] });
  });
});
