import { PLATFORM_TENANT, type TenantId } from '@myriad/kernel';
import { authProblem } from './auth-problem.js';
import type { Tenant } from './tenant.js';

/** How long a second person may take. */
const CONFIRM_WITHIN_MS = 24 * 3600 * 1000;

/** What a purge destroyed, as whoever holds the keys and bytes said. */
export interface PurgeReceipt {
  readonly keys: { readonly versions: number; readonly destroyedAt: string; readonly finalAt: string } | null;
  readonly objects: number;
  readonly sizeBytes: number;
  readonly completedAt: string;
}

export interface TenantPurge {
  readonly tenantId: TenantId;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly confirmedBy: string | null;
  readonly confirmedAt: Date | null;
  readonly receipt: PurgeReceipt | null;
}

export type PurgeStatus = 'requested' | 'purging' | 'purged';

export function purgeStatus({ confirmedAt, receipt }: TenantPurge): PurgeStatus {
  if (confirmedAt === null) return 'requested';
  return receipt === null ? 'purging' : 'purged';
}

/**
 * The purge after a call for it: asked for by the first person, confirmed by the second; the same when the first repeats it, or when it was confirmed before.
 * @throws {ProblemError} `auth.platform_is_permanent`, `auth.tenant_not_suspended`, `auth.confirmation_mismatch`.
 */
export function callForPurge(
  tenant: Tenant,
  purge: TenantPurge | undefined,
  call: { readonly by: string; readonly confirm: string; readonly nowMs: number },
): TenantPurge {
  const { tenantId } = tenant;
  if (tenantId === PLATFORM_TENANT)
    throw authProblem('conflict', 'platform_is_permanent', "the tenant 'platform' can't be purged");
  if (call.confirm !== tenantId)
    throw authProblem(
      'unprocessable',
      'confirmation_mismatch',
      `'confirm' must be the tenant's id, '${tenantId}': a purge can't be undone`,
    );
  if (tenant.status !== 'suspended')
    throw authProblem(
      'conflict',
      'tenant_not_suspended',
      `tenant '${tenantId}' is ${tenant.status}; only a suspended one is purged`,
    );
  if (purge?.confirmedAt) return purge;
  const isOpen = purge !== undefined && call.nowMs - purge.requestedAt.getTime() < CONFIRM_WITHIN_MS;
  if (isOpen && purge.requestedBy === call.by) return purge;
  if (isOpen) return { ...purge, confirmedBy: call.by, confirmedAt: new Date(call.nowMs) };
  return {
    tenantId,
    requestedBy: call.by,
    requestedAt: new Date(call.nowMs),
    confirmedBy: null,
    confirmedAt: null,
    receipt: null,
  };
}

/** @throws {ProblemError} `auth.tenant_purged` when there is nothing left to change. */
export function assertNotPurged(purge: TenantPurge | undefined): void {
  if (purge?.confirmedAt)
    throw authProblem('conflict', 'tenant_purged', `tenant '${purge.tenantId}' was purged, which can't be undone`);
}
