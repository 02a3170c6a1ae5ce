import { tenantKeyRotatedV1, tenantShreddedV1 } from '@myriad/contracts';
import type { Clock } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { type ObjectStore, rotateTenantKey, shredTenant } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, OBJECT_STORE } from './ports.js';

/** Rotates and destroys the keys of tenants' bytes, for all services: they share the store and its keys. */
@Injectable()
export class ManageTenantKeys {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Does nothing when bytes are not encrypted. */
  async rotate(tx: Tx): Promise<void> {
    const version = await rotateTenantKey(this.objects, tx.tenantId);
    if (version === undefined) return;
    await tx.emit(tenantKeyRotatedV1, { tenantId: tx.tenantId, version, rotatedAt: this.now() });
  }

  /** Destroys the key, then deletes the bytes, and gives the receipt; safe to repeat. */
  async shred(tx: Tx): Promise<void> {
    const receipt = await shredTenant(this.objects, tx.tenantId);
    await tx.emit(tenantShreddedV1, { tenantId: tx.tenantId, ...receipt, completedAt: this.now() });
  }

  private now(): string {
    return new Date(this.clock.nowMs()).toISOString();
  }
}
