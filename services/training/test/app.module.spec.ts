import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunJobs } from '../src/application/run-jobs.js';
import { TrainingApp } from './training-app.js';

describe('AppModule', () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start();
  });
  afterAll(() => app.close());

  it('compiles, listens, and needs a token', async () => {
    expect((await fetch(`${app.harness.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.harness.url}/v1/jobs`)).status).toBe(401);
    expect(await app.harness.get(RunJobs).next(new AbortController().signal)).toBeUndefined();
  });
});
