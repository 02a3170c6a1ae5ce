import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const objectsSuspectedV1 = defineEvent({
  type: 'registry.objects-suspected.v1',
  topic: registryTopics.object,
  summary:
    'Old objects that no row of the registry names: whoever has rows that may name objects says which of them they do.',
  data: z.object({
    tenantId: fields.tenantId,
    /** To be repeated in the answer. */
    sweepId: fields.id,
    digests: z.array(fields.digest).min(1).max(200),
    suspectedAt: fields.time,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    sweepId: 'swp_1',
    digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000001'],
    suspectedAt: '2026-01-01T00:00:00.000Z',
  },
});
