import { systemClock, type Clock, type TenantId } from '@myriad/kernel';
import type { DataKey, KeyDestruction, TenantKeyStatus, TenantKeys, WrappedKey } from './tenant-keys.port.js';

export interface KeyCacheOptions {
  /** How long a data key is kept, ms ≥ 0: within that time after its tenant's key was destroyed or rotated elsewhere, this process stops using it. Default 60,000. */
  readonly maxAgeMs?: number;
  /** Most data keys kept; the oldest gives way. Default 10,000. */
  readonly maxKeys?: number;
  /** Most objects that one data key of ours is asked for (each of them derives a key of its own from it). Default 1,000. */
  readonly maxUses?: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

interface Kept<T> {
  readonly value: Promise<T>;
  readonly sinceMs: number;
}

/** Remembers data keys for a while, so that not every object is a call of the key service. */
export class CachingTenantKeys implements TenantKeys {
  private readonly unwrapped = new Map<string, Kept<Buffer>>();
  private readonly fresh = new Map<TenantId, Kept<DataKey> & { uses: number }>();
  private sweep: NodeJS.Timeout | undefined;
  private readonly maxAgeMs: number;
  private readonly maxKeys: number;
  private readonly maxUses: number;
  private readonly clock: Pick<Clock, 'nowMs'>;

  constructor(
    private readonly keys: TenantKeys,
    { maxAgeMs = 60_000, maxKeys = 10_000, maxUses = 1_000, clock = systemClock }: KeyCacheOptions = {},
  ) {
    this.maxAgeMs = maxAgeMs;
    this.maxKeys = maxKeys;
    this.maxUses = maxUses;
    this.clock = clock;
  }

  newDataKey(tenantId: TenantId): Promise<DataKey> {
    const known = this.fresh.get(tenantId);
    if (known && this.isYoung(known) && known.uses < this.maxUses) {
      known.uses += 1;
      return known.value;
    }
    return this.keep(this.fresh, tenantId, { ...this.ask(() => this.keys.newDataKey(tenantId)), uses: 1 });
  }

  unwrap(tenantId: TenantId, wrapped: WrappedKey): Promise<Buffer> {
    const id = idOf(tenantId, wrapped);
    const known = this.unwrapped.get(id);
    if (known && this.isYoung(known)) return known.value;
    return this.keep(
      this.unwrapped,
      id,
      this.ask(() => this.keys.unwrap(tenantId, wrapped)),
    );
  }

  rewrap(tenantId: TenantId, wrapped: WrappedKey): Promise<WrappedKey> {
    return this.keys.rewrap(tenantId, wrapped);
  }

  status(tenantId: TenantId): Promise<TenantKeyStatus> {
    return this.keys.status(tenantId);
  }

  async rotate(tenantId: TenantId): Promise<TenantKeyStatus> {
    const status = await this.keys.rotate(tenantId);
    this.fresh.delete(tenantId);
    return status;
  }

  async destroy(tenantId: TenantId): Promise<KeyDestruction> {
    const destruction = await this.keys.destroy(tenantId);
    this.forget(tenantId);
    return destruction;
  }

  /** Drops everything that is kept of the tenant. */
  forget(tenantId: TenantId): void {
    this.fresh.delete(tenantId);
    for (const id of this.unwrapped.keys()) if (id.startsWith(`${tenantId}/`)) this.unwrapped.delete(id);
  }

  ping(): Promise<void> {
    return this.keys.ping();
  }

  /** So that nothing is kept for longer only because nobody asks. */
  private sweepLater(): void {
    this.sweep ??= setTimeout(() => {
      this.sweep = undefined;
      for (const cache of [this.fresh, this.unwrapped] as Map<unknown, Kept<unknown>>[])
        for (const [id, entry] of cache) if (!this.isYoung(entry)) cache.delete(id);
      if (this.fresh.size + this.unwrapped.size > 0) this.sweepLater();
    }, this.maxAgeMs + 1).unref();
  }

  private isYoung({ sinceMs }: Kept<unknown>): boolean {
    return this.clock.nowMs() - sinceMs < this.maxAgeMs;
  }

  private ask<T>(call: () => Promise<T>): Kept<T> {
    return { value: call(), sinceMs: this.clock.nowMs() };
  }

  /** Keeps it from now on, so that those who ask at once share one call; a failure is not kept. */
  private keep<K, T, E extends Kept<T>>(cache: Map<K, E>, id: K, entry: E): Promise<T> {
    cache.delete(id);
    for (const [oldest, { sinceMs }] of cache) {
      if (cache.size < this.maxKeys && this.clock.nowMs() - sinceMs < this.maxAgeMs) break;
      cache.delete(oldest);
    }
    cache.set(id, entry);
    this.sweepLater();
    entry.value.catch(() => {
      if (cache.get(id) === entry) cache.delete(id);
    });
    return entry.value;
  }
}

function idOf(tenantId: TenantId, { bytes, version }: WrappedKey): string {
  return `${tenantId}/${version}/${bytes.toString('base64')}`;
}
