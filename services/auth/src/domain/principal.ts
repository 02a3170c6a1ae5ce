import type { PrincipalId, TenantId } from '@myriad/kernel';
import { distinctBindings, type Binding } from './binding.js';

export type PrincipalKind = 'user' | 'service-account';

/** A user or service account. */
export interface Principal {
  readonly principalId: PrincipalId;
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly homeTenantId: TenantId;
  readonly status: 'active' | 'disabled';
  /** Given here, one by one. */
  readonly bindings: readonly Binding[];
  /** Held by the groups of an identity provider, as of the last login. */
  readonly groupBindings: readonly Binding[];
  /** Grows by one with every change. */
  readonly generation: number;
  readonly createdAt: Date;
}

export type PrincipalChange = Partial<Pick<Principal, 'name' | 'status' | 'bindings' | 'groupBindings'>>;

/** The prefix of ids of the kind. */
export const PRINCIPAL_ID_PREFIX = { user: 'usr', 'service-account': 'svc' } as const;

/** The principal with the change, of the next generation. */
export function changePrincipal(principal: Principal, change: PrincipalChange): Principal {
  return { ...principal, ...change, generation: principal.generation + 1 };
}

/** All that it holds, whichever way. */
export function heldBindings({ bindings, groupBindings }: Principal): readonly Binding[] {
  return groupBindings.length === 0 ? bindings : distinctBindings([...bindings, ...groupBindings]);
}
