import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { evaluatorObjectsNamedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { type Digest, newId } from '@myriad/kernel';
import { tryNamedObjects } from '@myriad/testing';
import { EvaluatorApp } from '../evaluator-app.js';

let app: EvaluatorApp;
beforeAll(async () => {
  app = await EvaluatorApp.start();
});
afterAll(() => app.close());

it('evaluator says of suspected objects which its rows name, for each column that names any, and tenant by tenant', async () => {
  const { harness } = app;
  const ask = async (tenantId: string, digests: readonly Digest[]): Promise<readonly Digest[]> => {
    const sweepId = newId('swp');
    const suspectedAt = new Date(0).toISOString();
    await harness.publish(objectsSuspectedV1, tenantId, { tenantId, sweepId, digests: [...digests], suspectedAt });
    const answers = await harness.event(evaluatorObjectsNamedV1, { tenantId, sweepId });
    return answers.data.digests;
  };
  const { written, named, ...rest } = await tryNamedObjects({
    uow: harness.uow,
    ask,
    columns: [
      { table: 'evaluation', values: (digest) => ({ evidence_digest: digest }) },
      { table: 'promotion', values: (digest) => ({ evidence_digest: digest }) },
      { table: 'approval_view', values: (digest) => ({ evidence_digest: digest }) },
      { table: 'campaign', values: (digest) => ({ body: JSON.stringify({ items: [{ evidenceDigest: digest }] }) }) },
    ],
    elsewhere: ['dataset_view.digest', 'suite.digest'],
  });
  expect(named).toEqual(written);
  expect(rest).toEqual({ namedForNeighbour: [], unknownColumns: [] });
});
