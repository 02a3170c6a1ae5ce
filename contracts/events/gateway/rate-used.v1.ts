import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { gatewayTopics } from './topics.js';

export const rateUsedV1 = defineEvent({
  type: 'gateway.rate-used.v1',
  topic: gatewayTopics.rate,
  summary:
    'How many requests a gateway let through since it last said so, and has in flight, by tenant; also that it lives, or leaves.',
  data: z.object({
    /** Of the gateway; another one after each start. */
    replicaId: fields.id,
    /** Grows by one with each event of a replica: an event that comes twice is known by it. */
    sequence: z.int().nonnegative(),
    isLeaving: z.boolean(),
    used: z.array(z.object({ tenantId: fields.tenantId, count: z.int().positive() })),
    /** Requests without a key. */
    anonymous: fields.count,
    /** Requests that are being answered, of every tenant that has any; absent when the word before said it. */
    inFlight: z.array(z.object({ tenantId: fields.tenantId, count: z.int().positive() })).optional(),
  }),
  key: (data) => `platform/${data.replicaId}`,
  example: {
    replicaId: 'gtw_1',
    sequence: 7,
    isLeaving: false,
    used: [{ tenantId: 'aa', count: 12 }],
    anonymous: 0,
    inFlight: [{ tenantId: 'aa', count: 3 }],
  },
});
