import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const tenantChangedV1 = defineEvent({
  type: 'auth.tenant-changed.v1',
  topic: authTopics.tenant,
  summary: 'A tenant was made, changed or suspended.',
  data: z.object({
    tenantId: fields.tenantId,
    displayName: z.string(),
    status: z.enum(['active', 'suspended']),
    /** Requests a second that the gateway lets through, how many may come at once, and be answered at a time. */
    rateLimit: z.object({
      requestsPerSecond: z.number().positive(),
      burst: z.int().positive(),
      maxInFlight: z.int().positive().optional(),
    }),
    generation: fields.count,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    displayName: 'American Airlines',
    status: 'active',
    rateLimit: { requestsPerSecond: 200, burst: 400 },
    generation: 1,
  },
});
