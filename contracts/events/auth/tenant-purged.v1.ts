import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const tenantPurgedV1 = defineEvent({
  type: 'auth.tenant-purged.v1',
  topic: authTopics.tenantPurge,
  summary: 'A suspended tenant is to be made unreadable for ever: its keys are destroyed, its bytes deleted.',
  data: z.object({
    tenantId: fields.tenantId,
    requestedBy: fields.id,
    /** The second person. */
    confirmedBy: fields.id,
    purgedAt: fields.time,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    requestedBy: 'usr_1',
    confirmedBy: 'usr_2',
    purgedAt: '2026-01-01T00:00:00.000Z',
  },
});
