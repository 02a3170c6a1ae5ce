import type { RequestContext } from '@myriad/kernel';
import { realtimeProblem } from './realtime-problem.js';

const READERS = ['models:read', 'predictions:invoke'];

/** One of two permissions will do, which a route can't say. @throws {ProblemError} `realtime.permission_missing`. */
export function assertMayRead(ctx: RequestContext): void {
  if (READERS.some((permission) => ctx.principal.permissions.has(permission))) return;
  throw realtimeProblem(
    'forbidden',
    'permission_missing',
    `this needs the permission ${READERS.join(' or ')} in tenant '${ctx.tenantId}'`,
  );
}
