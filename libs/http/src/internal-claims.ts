import { fields } from '@myriad/contracts';
import { z } from 'zod';

/** Issuer of every internal token. */
export const INTERNAL_ISSUER = 'myriad-gateway';
/** Audience of the services. Replicas of `realtime` have `myriad-realtime-<environment>`. */
export const INTERNAL_AUDIENCE = 'myriad-internal';
/** Longest life of an internal token, seconds. */
export const INTERNAL_TOKEN_MAX_SECONDS = 60;

/** Who a request acts as, as the gateway resolved it. */
export interface InternalClaims {
  /** Principal id. */
  readonly sub: string;
  /** Principal kind. */
  readonly knd: 'user' | 'service-account' | 'system';
  /** Acting tenant. */
  readonly tid: string;
  /** Home tenant of the principal. */
  readonly htid: string;
  /** Effective permissions in the acting tenant and environment. */
  readonly perms: readonly string[];
  /** Environment acted on. */
  readonly env: z.infer<typeof fields.environment>;
  /** Request id. */
  readonly rid: string;
  /** The API key that the caller came with, or got its token with. */
  readonly cid?: string | undefined;
}

export const internalClaimsSchema = z.object({
  sub: fields.id,
  knd: z.enum(['user', 'service-account', 'system']),
  tid: fields.tenantId,
  htid: fields.tenantId,
  perms: z.array(z.string()),
  env: fields.environment,
  rid: z.string().min(1).max(128),
  cid: fields.id.optional(),
});
