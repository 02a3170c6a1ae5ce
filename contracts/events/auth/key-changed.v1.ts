import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const keyChangedV1 = defineEvent({
  type: 'auth.key-changed.v1',
  topic: authTopics.key,
  summary: 'An API key was issued or revoked; holds its hash, never the key.',
  data: z.object({
    keyId: fields.id,
    /** The public part of the key, by which it is found. */
    prefix: z.string().min(8),
    /** SHA-256 of the whole key, hex. */
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    principalId: fields.id,
    tenantId: fields.tenantId,
    /** Permissions the key is narrowed to; empty = all of its principal's. */
    scopes: z.array(z.string()),
    expiresAt: fields.time.nullable(),
    revokedAt: fields.time.nullable(),
  }),
  key: (data) => `${data.tenantId}/${data.keyId}`,
  example: {
    keyId: 'key_1',
    prefix: 'abcd2345',
    hash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    principalId: 'svc_1',
    tenantId: 'aa',
    scopes: [],
    expiresAt: null,
    revokedAt: null,
  },
});
