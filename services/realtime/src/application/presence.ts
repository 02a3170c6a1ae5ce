import type { TenantId } from '@myriad/kernel';

/** Whether somebody else asks, too: of the two tenants that asked last, when that was. */
export class Presence {
  private last: TenantId | undefined;
  private lastMs = -Infinity;
  private otherMs = -Infinity;

  seen(tenantId: TenantId, nowMs: number): void {
    if (tenantId !== this.last) {
      this.otherMs = this.lastMs;
      this.last = tenantId;
    }
    this.lastMs = nowMs;
  }

  /** Whether another than this tenant asked after then. */
  isAnotherThan(tenantId: TenantId, sinceMs: number): boolean {
    return (tenantId === this.last ? this.otherMs : this.lastMs) > sinceMs;
  }
}
