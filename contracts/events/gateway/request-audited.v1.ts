import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { gatewayTopics } from './topics.js';

export const requestAuditedV1 = defineEvent({
  type: 'gateway.request-audited.v1',
  topic: gatewayTopics.request,
  summary: 'Requests that were let through or refused; predictions are counted per second, all else is one event each.',
  data: z.object({
    tenantId: fields.tenantId,
    principalId: z.string(),
    requestId: z.string(),
    method: z.string(),
    /** The route's template, never a value of it. */
    route: z.string(),
    status: z.int(),
    /** How many requests this record stands for, ≥ 1. */
    count: z.int().positive(),
    durationMs: z.number().nonnegative(),
    /** The problem code when it was refused. */
    code: z.string().optional(),
    at: fields.time,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    principalId: 'svc_1',
    requestId: 'r1',
    method: 'POST',
    route: '/v1/datasets',
    status: 201,
    count: 1,
    durationMs: 12.5,
    at: '2026-01-31T12:00:00.000Z',
  },
});
