import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { batchObjectsNamedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { type Digest, newId } from '@myriad/kernel';
import { tryNamedObjects } from '@myriad/testing';
import { BatchApp } from '../batch-app.js';

let app: BatchApp;
beforeAll(async () => {
  app = await BatchApp.start();
});
afterAll(() => app.close());

it('batch says of suspected objects which its rows name, for each column that names any, and tenant by tenant', async () => {
  const { harness } = app;
  const ask = async (tenantId: string, digests: readonly Digest[]): Promise<readonly Digest[]> => {
    const sweepId = newId('swp');
    const suspectedAt = new Date(0).toISOString();
    await harness.publish(objectsSuspectedV1, tenantId, { tenantId, sweepId, digests: [...digests], suspectedAt });
    const answers = await harness.event(batchObjectsNamedV1, { tenantId, sweepId });
    return answers.data.digests;
  };
  const { written, named, ...rest } = await tryNamedObjects({
    uow: harness.uow,
    ask,
    columns: [
      { table: 'batch_job', values: (digest) => ({ status: 'succeeded', output: JSON.stringify({ digest }) }) },
      { table: 'batch_job', values: (digest) => ({ status: 'succeeded', errors: JSON.stringify({ digest }) }) },
      { table: 'batch_shard', values: (digest) => ({ output_digest: digest }) },
      { table: 'batch_shard', values: (digest) => ({ output_digest: 'none', errors_digest: digest }) },
    ],
    elsewhere: ['dataset_view.digest'],
  });
  expect(named).toEqual(written);
  expect(rest).toEqual({ namedForNeighbour: [], unknownColumns: [] });
});
