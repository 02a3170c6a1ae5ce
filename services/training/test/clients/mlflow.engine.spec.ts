import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TrainingApp } from '../training-app.js';
import { inherited, python } from './config.js';

function pytest(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(python ?? '', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_mlflow.py'], {
    cwd: import.meta.dirname,
    env: { ...inherited, PYTHONDONTWRITEBYTECODE: '1', MLFLOW_DISABLE_TELEMETRY: 'true', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, output });
    });
  });
}

(python === undefined ? describe.skip : describe)('the mlflow package, unmodified', () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start({ maxParallelJobs: 1 });
  }, 60_000);
  afterAll(() => app.close());

  it('tracks experiments and runs', async () => {
    const token = (tenant: string): Promise<string> =>
      app.harness.token(tenant, { perms: ['runs:read', 'runs:write'] });
    const { code, output } = await pytest({
      MYRIAD_HTTP: app.harness.url,
      MYRIAD_TOKEN: await token('acme'),
      MYRIAD_OTHER_TOKEN: await token('apex'),
    });
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  }, 300_000);
});
