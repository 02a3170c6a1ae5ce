import { z } from 'zod';
import { defineEvent } from '../../define-event.js';
import { authTopics } from './topics.js';

export const signingKeysChangedV1 = defineEvent({
  type: 'auth.signing-keys-changed.v1',
  topic: authTopics.signingKey,
  summary: 'The public keys that user tokens are signed with; published again on every rotation.',
  data: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  key: (_data, tenantId) => `${tenantId}/jwks`,
  example: { keys: [{ kty: 'EC', crv: 'P-256', kid: 'k1', alg: 'ES256', x: 'x', y: 'y' }] },
});
