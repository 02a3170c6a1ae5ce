import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evaluationCompletedV1 } from '@myriad/contracts';
import { ProblemError, newId, systemContext, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { EVALUATION_STORE, type EvaluationStore, SCORER, type Scorer } from '../../src/application/ports.js';
import { RunEvaluation } from '../../src/application/run-evaluation.js';
import { WorkLoop } from '../../src/application/work-loop.js';
import type { Evaluation } from '../../src/domain/evaluation.js';
import { APPLICATION, EvaluatorApp, versionIdOf } from '../evaluator-app.js';

const NEVER = new Date(0);
type Claimed = NonNullable<Awaited<ReturnType<EvaluationStore['claim']>>>;

describe('RunEvaluation', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
    await app.addSuite();
    await app.addDataset('aa');
    await app.admit('aa'); // of an application without a suite here, so that nothing is queued
  });
  afterAll(() => app.close());

  /** Queued, and claimed at once by workers that then died: `attempts` of them. */
  async function claimed(attempts = 1): Promise<Claimed> {
    const store = app.harness.get<EvaluationStore>(EVALUATION_STORE);
    const now = new Date(app.clock.nowMs());
    const evaluation: Evaluation = {
      evaluationId: newId('evl', app.clock),
      modelName: APPLICATION,
      version: 1,
      versionId: versionIdOf('aa', 1),
      application: APPLICATION,
      suite: APPLICATION,
      suiteVersion: 1,
      status: 'queued',
      attempt: 0,
      verdict: null,
      reason: '',
      checks: [],
      metric: null,
      evidenceDigest: null,
      createdAt: now,
      completedAt: null,
    };
    return app.harness.uow.run(systemContext('test', tenantId('aa')), async (tx) => {
      await store.insert(tx, evaluation);
      const later = new Date(now.getTime() + 1);
      for (let dead = 1; dead < attempts; dead += 1)
        await store.claim(tx, now, { staleBefore: later, retryBefore: NEVER });
      return (await store.claim(tx, now, { staleBefore: later, retryBefore: NEVER }))!;
    });
  }

  const stored = (evaluationId: string): Promise<Claimed | undefined> =>
    app.harness.uow.runAcrossTenants('a test looks', (tx) =>
      app.harness.get<EvaluationStore>(EVALUATION_STORE).find(tx, evaluationId),
    );

  it('takes over what a dead worker had claimed, after half a minute and not before', async () => {
    const dead = await claimed();
    app.clock.advance(29_000);
    expect(await app.harness.get(RunEvaluation).execute()).toBe(false);
    expect((await stored(dead.evaluationId))?.status).toBe('running');
    app.clock.advance(2000);
    app.harness.get(WorkLoop).wake();
    expect(await app.ended('aa')).toMatchObject({ evaluationId: dead.evaluationId, verdict: 'pass' });
    expect((await stored(dead.evaluationId))?.attempt).toBe(2);
  });

  it('leaves an evaluation to a worker that lives, however long it takes', async () => {
    const store = app.harness.get<EvaluationStore>(EVALUATION_STORE);
    const alive = await claimed();
    const beat = (of: Claimed): Promise<void> =>
      app.harness.uow.run(systemContext('test', tenantId('aa')), (tx) =>
        store.heartbeat(tx, of, new Date(app.clock.nowMs())),
      );
    for (let beats = 0; beats < 6; beats += 1) {
      app.clock.advance(25_000);
      await beat(alive);
      expect(await app.harness.get(RunEvaluation).execute()).toBe(false);
    }
    app.clock.advance(25_000);
    await beat({ ...alive, attempt: alive.attempt - 1 }); // of one that lost it long ago
    app.clock.advance(25_000);
    await app.harness.get(RunEvaluation).execute();
    expect(await stored(alive.evaluationId)).toMatchObject({ status: 'completed', attempt: 2 });
  });

  it('gives signs of life while it judges', async () => {
    const store = app.harness.get<EvaluationStore>(EVALUATION_STORE);
    const scorer = app.harness.get<Scorer>(SCORER);
    const [beat, real] = [store.heartbeat.bind(store), scorer.withModel.bind(scorer)];
    const dead = await claimed();
    app.clock.advance(31_000);
    const beats: Claimed[] = [];
    const first = new Promise<void>((resolve) => {
      store.heartbeat = (tx, own, now) => {
        beats.push(own as Claimed);
        resolve();
        return beat(tx, own, now);
      };
    });
    scorer.withModel = async (tenant, version, use) => {
      await first;
      return real(tenant, version, use);
    };
    try {
      await app.harness.get(RunEvaluation).execute();
      expect(beats[0]).toMatchObject({ evaluationId: dead.evaluationId, attempt: 2 });
      expect(await stored(dead.evaluationId)).toMatchObject({ status: 'completed' });
    } finally {
      store.heartbeat = beat;
      scorer.withModel = real;
    }
  });

  it('keeps the verdict of the worker that took over when the first one comes back', async () => {
    const store = app.harness.get<EvaluationStore>(EVALUATION_STORE);
    const beat = store.heartbeat.bind(store);
    store.heartbeat = () => Promise.reject(new Error('the machine is frozen'));
    const scorer = app.harness.get<Scorer>(SCORER);
    const real = scorer.withModel.bind(scorer);
    let wakeUp: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => (wakeUp = resolve));
    let isFirst = true;
    scorer.withModel = async (tenant, version, use) => {
      if (!isFirst) return real(tenant, version, use);
      isFirst = false;
      await asleep;
      throw new Error('the disk is full');
    };
    try {
      const dead = await claimed();
      app.clock.advance(31_000);
      const first = app.harness.get(RunEvaluation).execute();
      await eventually(() => {
        expect(isFirst).toBe(false);
      });
      app.clock.advance(31_000);
      await app.harness.get(RunEvaluation).execute();
      const done = await stored(dead.evaluationId);
      expect(done).toMatchObject({ status: 'completed', verdict: 'pass', attempt: 3 });
      wakeUp();
      await first;
      expect(await stored(dead.evaluationId)).toEqual(done);
      await app.harness.flush();
      const told = app.harness
        .eventsOf(evaluationCompletedV1)
        .filter(({ data }) => data.evaluationId === dead.evaluationId);
      expect(told).toHaveLength(1);
    } finally {
      scorer.withModel = real;
      store.heartbeat = beat;
      wakeUp();
    }
  });

  it('runs one that broke off again, a little later, and gives up after three times', async () => {
    const scorer = app.harness.get<Scorer>(SCORER);
    const real = scorer.withModel.bind(scorer);
    let runs = 0;
    scorer.withModel = () => {
      runs += 1;
      return Promise.reject(new Error('the store is away'));
    };
    try {
      const dead = await claimed();
      app.clock.advance(31_000);
      await app.harness.get(RunEvaluation).execute();
      await eventually(async () => {
        expect((await stored(dead.evaluationId))?.status).toBe('queued');
      });
      expect(await app.harness.get(RunEvaluation).execute()).toBe(false); // not at once
      app.clock.advance(6000);
      app.harness.get(WorkLoop).wake();
      const failed = await app.ended('aa');
      expect(failed).toMatchObject({ status: 'failed', reason: 'the store is away', verdict: null });
      expect(runs).toBe(2); // and once by the worker that died
    } finally {
      scorer.withModel = real;
    }
  });

  it('keeps what came of one when the database was away for a moment', async () => {
    const store = app.harness.get<EvaluationStore>(EVALUATION_STORE);
    const real = store.lock.bind(store);
    let refusals = 0;
    store.lock = (tx, id) => {
      refusals += 1;
      if (refusals > 2) return real(tx, id);
      return Promise.reject(
        new ProblemError({ kind: 'unavailable', code: 'persistence.database_unavailable', detail: 'away' }),
      );
    };
    try {
      const dead = await claimed();
      app.clock.advance(31_000);
      await app.harness.get(RunEvaluation).execute();
      expect(refusals).toBe(3);
      expect(await stored(dead.evaluationId)).toMatchObject({ status: 'completed', verdict: 'pass', attempt: 2 });
    } finally {
      store.lock = real;
    }
  });

  it('does not let one evaluation kill worker after worker', async () => {
    const dead = await claimed(3);
    expect(dead.attempt).toBe(3);
    app.clock.advance(31_000);
    app.harness.get(WorkLoop).wake();
    expect(await app.ended('aa')).toMatchObject({ status: 'failed', reason: '3 workers died of it' });
  });
});
