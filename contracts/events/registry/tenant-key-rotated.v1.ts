import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const tenantKeyRotatedV1 = defineEvent({
  type: 'registry.tenant-key-rotated.v1',
  topic: registryTopics.tenantKey,
  summary: 'The key that encrypts the bytes of a tenant has a new version.',
  data: z.object({ tenantId: fields.tenantId, version: z.int().positive(), rotatedAt: fields.time }),
  key: (data) => data.tenantId,
  example: { tenantId: 'aa', version: 2, rotatedAt: '2026-01-01T00:00:00.000Z' },
});
