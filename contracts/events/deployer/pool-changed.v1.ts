import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { familySchema } from '../../model-class.js';
import { deployerTopics } from './topics.js';

export const poolChangedV1 = defineEvent({
  type: 'deployer.pool-changed.v1',
  topic: deployerTopics.pool,
  summary: 'A group of replicas for one model family and size, and where they answer.',
  data: z.object({
    environment: fields.environment,
    pool: fields.name,
    family: familySchema,
    sizeClass: z.enum(['small', 'medium', 'large']),
    /** Base URLs of the replicas that are up, and where on the same host they speak gRPC. */
    endpoints: z.array(
      z.object({ replicaId: fields.id, url: z.url(), grpcPort: z.int().min(1).max(65_535).optional() }),
    ),
    status: z.enum(['idle', 'starting', 'ready', 'failed']),
    generation: fields.count,
  }),
  key: (data, tenantId) => `${tenantId}/${data.environment}/${data.pool}`,
  example: {
    environment: 'production',
    pool: 'tabular-small',
    family: 'tabular',
    sizeClass: 'small',
    endpoints: [{ replicaId: 'r0', url: 'http://127.0.0.1:4100', grpcPort: 4101 }],
    status: 'ready',
    generation: 3,
  },
});
