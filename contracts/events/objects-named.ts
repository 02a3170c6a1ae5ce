import { z } from 'zod';
import { defineEvent, fields, type EventDefinition, type TopicDefinition } from '../define-event.js';

const data = z.object({
  tenantId: fields.tenantId,
  sweepId: fields.id,
  /** Of the suspected ones; empty when there is none. */
  digests: z.array(fields.digest).max(200),
});

/** A service's answer to `registry.objects-suspected.v1`, version 1: the same of every service that stores objects, on a topic of its own. */
export function objectsNamedV1(service: string, topic: TopicDefinition): EventDefinition<typeof data> {
  return defineEvent({
    type: `${service}.objects-named.v1`,
    topic,
    summary: `Which of the objects that the registry suspected rows of ${service} name.`,
    data,
    key: ({ tenantId }) => tenantId,
    example: {
      tenantId: 'aa',
      sweepId: 'swp_1',
      digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000001'],
    },
  });
}
