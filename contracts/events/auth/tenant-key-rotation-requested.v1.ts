import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const tenantKeyRotationRequestedV1 = defineEvent({
  type: 'auth.tenant-key-rotation-requested.v1',
  topic: authTopics.tenantKey,
  summary: 'The key that encrypts the bytes of a tenant is to get a new version.',
  data: z.object({ tenantId: fields.tenantId, requestedBy: fields.id, requestedAt: fields.time }),
  key: (data) => data.tenantId,
  example: { tenantId: 'aa', requestedBy: 'usr_1', requestedAt: '2026-01-01T00:00:00.000Z' },
});
