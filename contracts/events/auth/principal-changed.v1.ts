import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const principalChangedV1 = defineEvent({
  type: 'auth.principal-changed.v1',
  topic: authTopics.principal,
  summary: 'A user or service account, with what its role bindings allow.',
  data: z.object({
    principalId: fields.id,
    kind: z.enum(['user', 'service-account']),
    name: z.string(),
    homeTenantId: fields.tenantId,
    status: z.enum(['active', 'disabled']),
    bindings: z.array(
      z.object({
        role: z.string(),
        tenantId: z.union([fields.tenantId, z.literal('*')]),
        environment: z.union([fields.environment, z.literal('*')]),
        permissions: z.array(z.string()),
      }),
    ),
    generation: fields.count,
  }),
  key: (data) => `${data.homeTenantId}/${data.principalId}`,
  example: {
    principalId: 'svc_1',
    kind: 'service-account',
    name: 'aa-app',
    homeTenantId: 'aa',
    status: 'active',
    bindings: [{ role: 'predictor', tenantId: 'aa', environment: '*', permissions: ['predictions:invoke'] }],
    generation: 1,
  },
});
