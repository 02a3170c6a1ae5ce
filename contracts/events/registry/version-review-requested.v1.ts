import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const versionReviewRequestedV1 = defineEvent({
  type: 'registry.version-review-requested.v1',
  topic: registryTopics.version,
  summary: 'The version is unusual and waits for a person.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    evidenceDigest: fields.digest,
    reasons: z.array(z.object({ code: z.string(), detail: z.string() })),
    requestedBy: fields.id,
    expiresAt: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    reasons: [{ code: 'registry.model_large', detail: '2 GB' }],
    requestedBy: 'svc_1',
    expiresAt: '2026-01-31T12:00:00.000Z',
  },
});
