import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { trainingObjectsNamedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { type Digest, newId } from '@myriad/kernel';
import { tryNamedObjects } from '@myriad/testing';
import { TrainingApp } from '../training-app.js';

let app: TrainingApp;
beforeAll(async () => {
  app = await TrainingApp.start();
});
afterAll(() => app.close());

it('training says of suspected objects which its rows name, for each column that names any, and tenant by tenant', async () => {
  const { harness } = app;
  const ask = async (tenantId: string, digests: readonly Digest[]): Promise<readonly Digest[]> => {
    const sweepId = newId('swp');
    const suspectedAt = new Date(0).toISOString();
    await harness.publish(objectsSuspectedV1, tenantId, { tenantId, sweepId, digests: [...digests], suspectedAt });
    const answers = await harness.event(trainingObjectsNamedV1, { tenantId, sweepId });
    return answers.data.digests;
  };
  const { written, named, ...rest } = await tryNamedObjects({
    uow: harness.uow,
    ask,
    columns: [
      { table: 'recipe', values: (digest) => ({ source_digest: digest }) },
      { table: 'job', values: (digest) => ({ spec: JSON.stringify({ source: { tenantId: 'names-them', digest } }) }) },
      { table: 'run', values: (digest) => ({ artifact_digest: digest }) },
      { table: 'run', values: (digest) => ({ parity_digest: digest }) },
      { table: 'artifact', values: (digest) => ({ digest }) },
    ],
    elsewhere: ['dataset_view.digest', 'run_input.dataset_digest'],
  });
  expect(named).toEqual(written);
  expect(rest).toEqual({ namedForNeighbour: [], unknownColumns: [] });
});
