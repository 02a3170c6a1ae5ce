import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const grantRequestedV1 = defineEvent({
  type: 'registry.grant-requested.v1',
  topic: registryTopics.grant,
  summary: 'A principal asks for the use of a dataset; auth opens an approval.',
  data: z.object({
    grantId: fields.id,
    tenantId: fields.tenantId,
    datasetName: fields.name,
    principalId: fields.id,
    purpose: z.enum(['training', 'evaluation', 'batch']),
    justification: z.string(),
    /** Digest of the request itself: what the approver decides on. */
    evidenceDigest: fields.digest,
    requestedBy: fields.id,
    expiresAt: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.grantId}`,
  example: {
    grantId: 'grt_1',
    tenantId: 'aa',
    datasetName: 'flights',
    principalId: 'usr_1',
    purpose: 'training',
    justification: 'train delay models',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    requestedBy: 'usr_1',
    expiresAt: '2026-01-31T12:00:00.000Z',
  },
});
