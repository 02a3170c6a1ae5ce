import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const versionRejectedV1 = defineEvent({
  type: 'registry.version-rejected.v1',
  topic: registryTopics.version,
  summary: 'The version was refused; the reasons say why.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    /** The run it came of; null when it was registered by hand. */
    runId: fields.id.nullable(),
    reasons: z.array(z.object({ code: z.string(), detail: z.string() })),
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    runId: 'run_1',
    reasons: [{ code: 'registry.operator_not_allowed', detail: 'operator If is not allowed' }],
  },
});
