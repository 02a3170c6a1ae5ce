import { randomBytes } from 'node:crypto';
import { ProblemError, systemClock, type Clock, type TenantId } from '@myriad/kernel';
import { z } from 'zod';
import type { ObjectStore } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import { openKey, sealKey } from './aead.js';
import type { MasterSecrets, SealedTenantKey } from './master-secret.js';
import type { DataKey, KeyDestruction, TenantKeyStatus, TenantKeys, WrappedKey } from './tenant-keys.port.js';

/** Name of the document that is a tenant's keyring. */
export const KEYRING_NAME = 'tenant-key.v1';
const KEY_BYTES = 32;

const keyringSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('active'),
    keys: z.array(z.object({ version: z.int().positive(), master: z.string(), sealed: z.base64() })).min(1),
  }),
  z.object({ state: z.literal('destroyed'), versions: z.int().min(0), destroyedAt: z.string() }),
]);
type Keyring = z.infer<typeof keyringSchema>;
type ActiveKeyring = Extract<Keyring, { state: 'active' }>;
/** What is left of a keyring that was destroyed. */
type Stone = Extract<Keyring, { state: 'destroyed' }>;

/** What a keyring is kept in: compare-and-set, across processes. */
export type KeyringDocuments = Pick<ObjectStore, 'getDocument' | 'putDocument' | 'ping'>;

export interface LocalTenantKeysOptions {
  readonly documents: KeyringDocuments;
  readonly masters: MasterSecrets;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * Tenants' keys in a keyring of ours: a document a tenant, in which each version is sealed by a master secret. Destroying replaces the document by a stone that says when; where copies of the
 * document may be left (backups, versions of a bucket, blocks of a disk), disposing of the master secret afterwards ({@link LocalTenantKeys.reseal}) makes them worthless as well.
 */
export class LocalTenantKeys implements TenantKeys {
  private readonly documents: KeyringDocuments;
  private readonly masters: MasterSecrets;
  private readonly clock: Pick<Clock, 'nowMs'>;

  constructor({ documents, masters, clock = systemClock }: LocalTenantKeysOptions) {
    this.documents = documents;
    this.masters = masters;
    this.clock = clock;
  }

  async newDataKey(tenantId: TenantId): Promise<DataKey> {
    const keyring = await this.change(tenantId, (found) => found ?? this.withNext(tenantId, found));
    const plain = randomBytes(KEY_BYTES);
    return { plain, wrapped: this.wrap(tenantId, keyring, plain) };
  }

  async unwrap(tenantId: TenantId, wrapped: WrappedKey): Promise<Buffer> {
    return this.open(tenantId, await this.active(tenantId), wrapped);
  }

  async rewrap(tenantId: TenantId, wrapped: WrappedKey): Promise<WrappedKey> {
    const keyring = await this.active(tenantId);
    return this.wrap(tenantId, keyring, this.open(tenantId, keyring, wrapped));
  }

  async status(tenantId: TenantId): Promise<TenantKeyStatus> {
    const keyring = (await this.read(tenantId))?.keyring;
    if (!keyring) return { state: 'none', version: 0 };
    return { state: keyring.state, version: keyring.state === 'active' ? newestOf(keyring).version : keyring.versions };
  }

  async rotate(tenantId: TenantId): Promise<TenantKeyStatus> {
    const keyring = await this.change(tenantId, (found) => this.withNext(tenantId, found));
    return { state: 'active', version: newestOf(keyring).version };
  }

  async destroy(tenantId: TenantId): Promise<KeyDestruction> {
    for (;;) {
      const found = await this.read(tenantId);
      if (found?.keyring.state === 'destroyed') return receiptOf(found.keyring);
      const versions = found ? newestOf(found.keyring).version : 0;
      const stone = { state: 'destroyed', versions, destroyedAt: new Date(this.clock.nowMs()).toISOString() } as const;
      if (await this.write(tenantId, stone, found?.version ?? null)) return receiptOf(stone);
    }
  }

  /** Seals the tenant's keys anew by the newest master secret. Answers whether there was anything to do. */
  async reseal(tenantId: TenantId): Promise<boolean> {
    const found = (await this.read(tenantId))?.keyring;
    if (found?.state !== 'active' || found.keys.every((key) => this.masters.isCurrent(key))) return false;
    await this.change(tenantId, (keyring = found) => ({
      state: 'active',
      keys: keyring.keys.map((key) => this.masters.seal(tenantId, key.version, this.keyOf(tenantId, key))),
    }));
    return true;
  }

  async ping(): Promise<void> {
    await this.documents.ping();
  }

  private withNext(tenantId: TenantId, found: ActiveKeyring | undefined): ActiveKeyring {
    const version = found ? newestOf(found).version + 1 : 1;
    return {
      state: 'active',
      keys: [...(found?.keys ?? []), this.masters.seal(tenantId, version, randomBytes(KEY_BYTES))],
    };
  }

  private wrap(tenantId: TenantId, keyring: ActiveKeyring, plain: Buffer): WrappedKey {
    const key = newestOf(keyring);
    return { version: key.version, bytes: sealKey(this.keyOf(tenantId, key), plain, boundTo(tenantId, key.version)) };
  }

  private open(tenantId: TenantId, keyring: ActiveKeyring, { version, bytes }: WrappedKey): Buffer {
    const key = keyring.keys.find((each) => each.version === version);
    if (!key) throw storageProblem.keyInvalid(tenantId, `there is no version ${version}`);
    const plain = openKey(this.keyOf(tenantId, key), bytes, boundTo(tenantId, version));
    if (!plain) throw storageProblem.keyInvalid(tenantId, `version ${version} did not wrap it`);
    return plain;
  }

  private keyOf(tenantId: TenantId, key: SealedTenantKey): Buffer {
    const plain = this.masters.open(tenantId, key);
    if (!plain) throw storageProblem.keysUnavailable(`master secret ${key.master}, which sealed the key, is not here`);
    return plain;
  }

  /** Writes the keyring that `make` gives, unless it is the one that is there; again when another process was faster. @throws {ProblemError} `storage.key_destroyed`. */
  private async change(
    tenantId: TenantId,
    make: (found: ActiveKeyring | undefined) => ActiveKeyring,
  ): Promise<ActiveKeyring> {
    for (;;) {
      const found = await this.read(tenantId);
      const keyring = found && activeOnly(tenantId, found.keyring);
      const made = make(keyring);
      if (made === keyring || (await this.write(tenantId, made, found?.version ?? null))) return made;
    }
  }

  private async active(tenantId: TenantId): Promise<ActiveKeyring> {
    const found = await this.read(tenantId);
    if (!found) throw storageProblem.keyInvalid(tenantId, 'the tenant has no key');
    return activeOnly(tenantId, found.keyring);
  }

  private async read(tenantId: TenantId): Promise<{ readonly keyring: Keyring; readonly version: string } | undefined> {
    const found = await this.documents.getDocument(tenantId, KEYRING_NAME);
    if (!found) return undefined;
    return { keyring: keyringSchema.parse(JSON.parse(found.bytes.toString())), version: found.version };
  }

  /** False when another process was faster. */
  private async write(tenantId: TenantId, keyring: Keyring, expectedVersion: string | null): Promise<boolean> {
    try {
      await this.documents.putDocument(tenantId, KEYRING_NAME, Buffer.from(JSON.stringify(keyring)), expectedVersion);
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'storage.precondition_failed') return false;
      throw error;
    }
  }
}

function activeOnly(tenantId: TenantId, keyring: Keyring): ActiveKeyring {
  if (keyring.state === 'destroyed') throw storageProblem.keyDestroyed(tenantId, keyring.destroyedAt);
  return keyring;
}

function newestOf({ keys }: ActiveKeyring): SealedTenantKey {
  const key = keys.at(-1);
  if (!key) throw new TypeError('an active keyring has a key');
  return key;
}

function receiptOf({ versions, destroyedAt }: Stone): KeyDestruction {
  return { versions, destroyedAt, finalAt: destroyedAt };
}

function boundTo(tenantId: TenantId, version: number): string {
  return `myriad/data-key/1\n${tenantId}\n${version}`;
}
