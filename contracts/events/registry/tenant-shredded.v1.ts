import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const tenantShreddedV1 = defineEvent({
  type: 'registry.tenant-shredded.v1',
  topic: registryTopics.tenantKey,
  summary: 'The receipt of a purge: what was destroyed, and when.',
  data: z.object({
    tenantId: fields.tenantId,
    /** null: the bytes were not encrypted, and only deleted. */
    keys: z
      .object({
        /** How many versions of the key were destroyed. */
        versions: fields.count,
        destroyedAt: fields.time,
        /** Until when an administrator of the key service can bring the key back. */
        finalAt: fields.time,
      })
      .nullable(),
    objects: fields.count,
    sizeBytes: fields.sizeBytes,
    completedAt: fields.time,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    keys: { versions: 2, destroyedAt: '2026-01-01T00:00:00.000Z', finalAt: '2026-01-01T00:00:00.000Z' },
    objects: 12,
    sizeBytes: 4096,
    completedAt: '2026-01-01T00:00:01.000Z',
  },
});
