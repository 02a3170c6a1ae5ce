import { PLATFORM_TENANT, type TenantId } from '@myriad/kernel';
import { authProblem } from './auth-problem.js';

export interface RateLimit {
  /** Requests a second that the gateway lets through. */
  readonly requestsPerSecond: number;
  /** How many may come at once. */
  readonly burst: number;
  /** How many may be answered at a time; absent: what the gateway is told. */
  readonly maxInFlight?: number | undefined;
}

export interface Tenant {
  readonly tenantId: TenantId;
  readonly displayName: string;
  readonly status: 'active' | 'suspended';
  readonly rateLimit: RateLimit;
  /** Grows by one with every change. */
  readonly generation: number;
  readonly createdAt: Date;
}

export type TenantChange = Partial<Pick<Tenant, 'displayName' | 'status' | 'rateLimit'>>;

export const DEFAULT_RATE_LIMIT: RateLimit = { requestsPerSecond: 1000, burst: 2000 };

/** The tenant with the change, of the next generation. @throws {ProblemError} `auth.platform_is_permanent`. */
export function changeTenant(tenant: Tenant, change: TenantChange): Tenant {
  if (tenant.tenantId === PLATFORM_TENANT && change.status === 'suspended')
    throw authProblem(
      'conflict',
      'platform_is_permanent',
      "the tenant 'platform' can't be suspended: nobody could undo it",
    );
  return { ...tenant, ...change, generation: tenant.generation + 1 };
}
