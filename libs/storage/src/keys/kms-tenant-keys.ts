import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
  KMSServiceException,
  ListResourceTagsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  paginateListKeyRotations,
  type KeyMetadata,
} from '@aws-sdk/client-kms';
import type { TenantId } from '@myriad/kernel';
import { checkTenant } from '../object-name.js';
import { storageProblem } from '../storage-problem.js';
import type { KmsOptions } from './kms-options.js';
import type { DataKey, KeyDestruction, TenantKeyStatus, TenantKeys, WrappedKey } from './tenant-keys.port.js';

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 4;
/** Says on a key that waits for its deletion how many versions it had, and since when it is of no use. */
const DESTROYED_TAG = 'myriad-destroyed';
/** Of a key that was made and never used, because another process was faster: the least that AWS allows. */
const UNUSED_DELETION_DAYS = 7;

/**
 * Tenants' keys in AWS KMS or a service that speaks its protocol: a symmetric key a tenant, found by the alias `alias/<prefix>/<tenant>`. Wrapped keys are bound to their tenant by the encryption
 * context. A version is the number of rotations so far and one. Destroying schedules the key's deletion, from when on the service refuses it; an administrator of the service can cancel that until
 * the day, after which service and alias know nothing of it any more: tenant ids must not be given twice.
 */
export class KmsTenantKeys implements TenantKeys {
  private readonly client: KMSClient;
  private readonly aliasPrefix: string;
  private readonly deletionDays: number;

  constructor({ endpoint, region = 'us-east-1', credentials, aliasPrefix = 'myriad', deletionDays = 30 }: KmsOptions) {
    this.client = new KMSClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials ? { credentials } : {}),
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    });
    this.aliasPrefix = aliasPrefix;
    this.deletionDays = deletionDays;
  }

  async newDataKey(tenantId: TenantId): Promise<DataKey> {
    const { KeyId } = (await this.find(tenantId)) ?? (await this.create(tenantId));
    return this.call(tenantId, async () => {
      const [version, { Plaintext, CiphertextBlob }] = await Promise.all([
        this.versionOf(KeyId),
        this.client.send(
          new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: contextOf(tenantId) }),
        ),
      ]);
      return { plain: bytesOf(Plaintext), wrapped: { bytes: bytesOf(CiphertextBlob), version } };
    });
  }

  async unwrap(tenantId: TenantId, { bytes }: WrappedKey): Promise<Buffer> {
    const input = { KeyId: this.aliasOf(tenantId), CiphertextBlob: bytes, EncryptionContext: contextOf(tenantId) };
    const { Plaintext } = await this.call(tenantId, () => this.client.send(new DecryptCommand(input)));
    return bytesOf(Plaintext);
  }

  async rewrap(tenantId: TenantId, { bytes }: WrappedKey): Promise<WrappedKey> {
    const [KeyId, context] = [this.aliasOf(tenantId), contextOf(tenantId)];
    return this.call(tenantId, async () => {
      const command = new ReEncryptCommand({
        CiphertextBlob: bytes,
        SourceKeyId: KeyId,
        SourceEncryptionContext: context,
        DestinationKeyId: KeyId,
        DestinationEncryptionContext: context,
      });
      const { CiphertextBlob } = await this.client.send(command);
      const found = await this.find(tenantId);
      return { bytes: bytesOf(CiphertextBlob), version: await this.versionOf(found?.KeyId) };
    });
  }

  async status(tenantId: TenantId): Promise<TenantKeyStatus> {
    const found = await this.find(tenantId);
    if (!found) return { state: 'none', version: 0 };
    if (isDestroyed(found)) return { state: 'destroyed', version: (await this.receiptOf(found)).versions };
    return { state: 'active', version: await this.call(tenantId, () => this.versionOf(found.KeyId)) };
  }

  /** The service rotates on demand 25 times at most, and may take a while to show it. */
  async rotate(tenantId: TenantId): Promise<TenantKeyStatus> {
    const found = await this.find(tenantId);
    if (!found) {
      await this.create(tenantId);
      return { state: 'active', version: 1 };
    }
    return this.call(tenantId, async () => {
      const before = await this.versionOf(found.KeyId);
      await this.client.send(new RotateKeyOnDemandCommand({ KeyId: found.KeyId }));
      return { state: 'active', version: before + 1 };
    });
  }

  async destroy(tenantId: TenantId): Promise<KeyDestruction> {
    const found = await this.find(tenantId);
    if (found && isDestroyed(found)) return this.receiptOf(found);
    const { KeyId } = found ?? (await this.create(tenantId));
    await this.call(tenantId, async () => {
      const versions = found ? await this.versionOf(KeyId) : 0;
      const tag = { TagKey: DESTROYED_TAG, TagValue: `${versions} ${new Date().toISOString()}` };
      await this.client.send(new TagResourceCommand({ KeyId, Tags: [tag] }));
      await this.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: this.deletionDays }));
    });
    const after = await this.find(tenantId);
    if (!after || !isDestroyed(after)) throw storageProblem.keysUnavailable('the key is not scheduled for deletion');
    return this.receiptOf(after);
  }

  /** Asks for a key that no tenant can have; that there is none is an answer. */
  async ping(): Promise<void> {
    await this.describe(`alias/${this.aliasPrefix}/_ping`);
  }

  private find(tenantId: TenantId): Promise<KeyMetadata | undefined> {
    return this.describe(this.aliasOf(tenantId));
  }

  private async describe(KeyId: string): Promise<KeyMetadata | undefined> {
    try {
      return (await this.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    } catch (error) {
      if (nameOf(error) === 'NotFoundException') return undefined;
      throw unavailable(error);
    }
  }

  /** Makes the tenant's key, or finds the one of whoever was faster. */
  private async create(tenantId: TenantId): Promise<KeyMetadata> {
    const made = await this.call(tenantId, () =>
      this.client.send(
        new CreateKeyCommand({
          Description: `Myriad tenant ${tenantId}`,
          Tags: [{ TagKey: 'myriad-tenant', TagValue: tenantId }],
        }),
      ),
    );
    const key = made.KeyMetadata;
    if (!key) throw storageProblem.keysUnavailable('it made a key without saying which');
    try {
      await this.client.send(new CreateAliasCommand({ AliasName: this.aliasOf(tenantId), TargetKeyId: key.KeyId }));
      return key;
    } catch (error) {
      const input = { KeyId: key.KeyId, PendingWindowInDays: UNUSED_DELETION_DAYS };
      await this.client.send(new ScheduleKeyDeletionCommand(input)).catch(() => undefined);
      if (nameOf(error) !== 'AlreadyExistsException') throw unavailable(error);
      const theirs = await this.find(tenantId);
      if (!theirs) throw storageProblem.keysUnavailable('a key that was there is gone');
      return theirs;
    }
  }

  private async versionOf(KeyId: string | undefined): Promise<number> {
    let version = 1;
    for await (const { Rotations = [] } of paginateListKeyRotations({ client: this.client }, { KeyId }))
      version += Rotations.length;
    return version;
  }

  private async receiptOf({ KeyId, DeletionDate }: KeyMetadata): Promise<KeyDestruction> {
    const { Tags = [] } = await this.client.send(new ListResourceTagsCommand({ KeyId })).catch((error: unknown) => {
      throw unavailable(error);
    });
    const [versions, since] = (Tags.find(({ TagKey }) => TagKey === DESTROYED_TAG)?.TagValue ?? '').split(' ');
    const finalAt = (DeletionDate ?? new Date()).toISOString();
    return { versions: Number(versions ?? 0), destroyedAt: since ?? finalAt, finalAt };
  }

  /** @throws {ProblemError} what the service's refusal means for this tenant's key. */
  private async call<T>(tenantId: TenantId, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const name = nameOf(error);
      if (name === 'InvalidCiphertextException' || name === 'IncorrectKeyException')
        throw storageProblem.keyInvalid(tenantId, 'the key service did not wrap it', error);
      if (name === 'NotFoundException') throw storageProblem.keyInvalid(tenantId, 'the tenant has no key', error);
      if (name !== 'KMSInvalidStateException') throw unavailable(error);
      const found = await this.find(tenantId);
      if (!found || !isDestroyed(found)) throw unavailable(error);
      throw storageProblem.keyDestroyed(tenantId, (await this.receiptOf(found)).destroyedAt);
    }
  }

  private aliasOf(tenantId: TenantId): string {
    return `alias/${this.aliasPrefix}/${checkTenant(tenantId)}`;
  }
}

function contextOf(tenantId: TenantId): Record<string, string> {
  return { 'myriad:tenant': tenantId };
}

function isDestroyed({ KeyState }: KeyMetadata): boolean {
  return KeyState === 'PendingDeletion' || KeyState === 'PendingReplicaDeletion';
}

function bytesOf(value: Uint8Array | undefined): Buffer {
  if (!value) throw storageProblem.keysUnavailable('it answered without a key');
  return Buffer.from(value);
}

function nameOf(error: unknown): string | undefined {
  return error instanceof KMSServiceException ? error.name : undefined;
}

function unavailable(error: unknown): unknown {
  return storageProblem.keysUnavailable(error instanceof Error ? error.name : 'unknown', error);
}
