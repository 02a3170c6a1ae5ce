import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const objectsRemovedV1 = defineEvent({
  type: 'registry.objects-removed.v1',
  topic: registryTopics.object,
  summary: 'Objects that no row of any service named are gone.',
  data: z.object({
    tenantId: fields.tenantId,
    sweepId: fields.id,
    digests: z.array(fields.digest).min(1).max(200),
    sizeBytes: fields.sizeBytes,
    removedAt: fields.time,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    sweepId: 'swp_1',
    digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000001'],
    sizeBytes: 4096,
    removedAt: '2026-01-01T00:00:01.000Z',
  },
});
