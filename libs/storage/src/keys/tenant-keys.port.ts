import type { TenantId } from '@myriad/kernel';

/** A data key as it is stored beside what it encrypts: of no use without the tenant's key. */
export interface WrappedKey {
  /** Of the key service's own making, 1–464 bytes. */
  readonly bytes: Buffer;
  /** Version of the tenant's key that wraps it, from 1. */
  readonly version: number;
}

/** A data key and how it is stored. */
export interface DataKey {
  /** 32 bytes. */
  readonly plain: Buffer;
  readonly wrapped: WrappedKey;
}

/** What is known of a tenant's key: `none` until the first data key is asked for. */
export interface TenantKeyStatus {
  readonly state: 'none' | 'active' | 'destroyed';
  /** The version that wraps new data keys; 0 when there is none. */
  readonly version: number;
}

/** What became of a tenant's key. */
export interface KeyDestruction {
  /** Versions that were destroyed, all that ever were. */
  readonly versions: number;
  /** RFC 3339: since when nothing is wrapped or unwrapped any more. */
  readonly destroyedAt: string;
  /** RFC 3339: until when an administrator of the key service can still bring it back; equal to `destroyedAt` where nobody can. */
  readonly finalAt: string;
}

/**
 * A key for each tenant, held by a key service and never told: it wraps the data keys that encrypt the tenant's bytes. It has versions; the newest wraps, each unwraps what it wrapped.
 * Wrapped keys are bound to their tenant: another's do not unwrap.
 */
export interface TenantKeys {
  /**
   * A new random data key. The tenant's first one makes the tenant's key.
   * @throws {ProblemError} `storage.key_destroyed`, `storage.keys_unavailable`.
   */
  newDataKey(tenantId: TenantId): Promise<DataKey>;
  /**
   * The 32 bytes of a data key.
   * @throws {ProblemError} `storage.key_destroyed`; `storage.key_invalid` when this tenant's key did not wrap it; `storage.keys_unavailable`.
   */
  unwrap(tenantId: TenantId, wrapped: WrappedKey): Promise<Buffer>;
  /** The same data key wrapped by the newest version. @throws what {@link unwrap} throws. */
  rewrap(tenantId: TenantId, wrapped: WrappedKey): Promise<WrappedKey>;
  status(tenantId: TenantId): Promise<TenantKeyStatus>;
  /** Makes a new version, or the first. @throws {ProblemError} `storage.key_destroyed`, `storage.keys_unavailable`. */
  rotate(tenantId: TenantId): Promise<TenantKeyStatus>;
  /** Destroys every version, and forbids new ones for ever; the same answer when that was done before. @throws {ProblemError} `storage.keys_unavailable`. */
  destroy(tenantId: TenantId): Promise<KeyDestruction>;
  /** @throws {ProblemError} `storage.keys_unavailable`. */
  ping(): Promise<void>;
}
