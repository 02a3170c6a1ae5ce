import type { RequestContext } from '@myriad/kernel';
import { hashText } from '@myriad/placement';
import type { Placement } from '../domain/placement.js';

/**
 * Whether a request is in the share that a version is tried on. Sticky by the request's key (`x-canary-key`), without one by its id: a request that is sent again stays where it was.
 * Each rollout draws anew, and who is in a share is in every larger one.
 */
export function isInShare(
  ctx: RequestContext,
  { tenantId, modelName, rolloutId }: Placement,
  percent: number,
): boolean {
  const key = `${tenantId}/${modelName}/${rolloutId}/${ctx.stickyKey ?? ctx.requestId}`;
  return hashText(key) < (percent / 100) * 2 ** 32;
}
