import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const grantChangedV1 = defineEvent({
  type: 'registry.grant-changed.v1',
  topic: registryTopics.grant,
  summary: 'A grant became active, was refused, expired or was revoked.',
  data: z.object({
    grantId: fields.id,
    tenantId: fields.tenantId,
    datasetName: fields.name,
    principalId: fields.id,
    purpose: z.enum(['training', 'evaluation', 'batch']),
    status: z.enum(['active', 'rejected', 'expired', 'revoked']),
    expiresAt: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.grantId}`,
  example: {
    grantId: 'grt_1',
    tenantId: 'aa',
    datasetName: 'flights',
    principalId: 'usr_1',
    purpose: 'training',
    status: 'active',
    expiresAt: '2026-01-31T12:00:00.000Z',
  },
});
