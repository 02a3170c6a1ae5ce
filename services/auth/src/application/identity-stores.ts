import { Injectable } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { KeyStore } from './ports/key.store.js';
import { PrincipalStore } from './ports/principal.store.js';
import { TenantStore } from './ports/tenant.store.js';

/** The stores of who may act, for work that needs all of them. */
@Injectable()
export class IdentityStores {
  constructor(
    readonly tenants: TenantStore,
    readonly principals: PrincipalStore,
    readonly keys: KeyStore,
    readonly audit: AuditTrail,
  ) {}
}
