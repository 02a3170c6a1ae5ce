import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface FakeKey {
  readonly id: string;
  /** The newest last. */
  readonly materials: Buffer[];
  readonly tags: Map<string, string>;
  deletionDate?: number;
}

type Input = Readonly<Record<string, unknown>>;

class Refusal extends Error {}

const refuse = (name: string): never => {
  throw new Refusal(name);
};

/**
 * The part of AWS KMS's JSON 1.1 protocol that tenants' keys need, which really encrypts: a blob is the key's id (36 characters), the version (1 byte), a nonce (12), the ciphertext and a tag (16), with the
 * encryption context as associated data. It checks no signatures.
 */
export class FakeKms {
  /** Names of the operations, in order. */
  readonly calls: string[] = [];
  private readonly keys = new Map<string, FakeKey>();
  private readonly aliases = new Map<string, string>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.answer(request).then(
        (body) => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body)),
        (error: unknown) => {
          const type = error instanceof Refusal ? error.message : 'KMSInternalException';
          response.writeHead(error instanceof Refusal ? 400 : 500).end(JSON.stringify({ __type: type, message: type }));
        },
      );
    });
  }

  static async start(): Promise<FakeKms> {
    const kms = new FakeKms();
    await once(kms.server.listen(0, '127.0.0.1'), 'listening');
    return kms;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<unknown> {
    const name = String(request.headers['x-amz-target']).replace('TrentService.', '');
    this.calls.push(name);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = this.operations[name] ?? refuse('UnsupportedOperationException');
    return operation(JSON.parse(Buffer.concat(chunks).toString()) as Input) ?? {};
  }

  private readonly operations: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateKey: ({ Tags }) => {
      const key: FakeKey = { id: randomUUID(), materials: [randomBytes(32)], tags: new Map() };
      this.keys.set(key.id, key);
      this.tag(key, Tags);
      return { KeyMetadata: metadataOf(key) };
    },
    CreateAlias: ({ AliasName, TargetKeyId }) => {
      if (this.aliases.has(String(AliasName))) refuse('AlreadyExistsException');
      this.aliases.set(String(AliasName), this.find(TargetKeyId).id);
    },
    DescribeKey: ({ KeyId }) => ({ KeyMetadata: metadataOf(this.find(KeyId)) }),
    GenerateDataKey: ({ KeyId, EncryptionContext }) => {
      const plain = randomBytes(32);
      const blob = encrypt(this.usable(KeyId), plain, EncryptionContext);
      return { Plaintext: plain.toString('base64'), CiphertextBlob: blob.toString('base64') };
    },
    Decrypt: ({ KeyId, CiphertextBlob, EncryptionContext }) => ({
      Plaintext: this.decrypt(KeyId, CiphertextBlob, EncryptionContext).toString('base64'),
    }),
    ReEncrypt: (input) => {
      const plain = this.decrypt(input['SourceKeyId'], input['CiphertextBlob'], input['SourceEncryptionContext']);
      const key = this.usable(input['DestinationKeyId']);
      return { CiphertextBlob: encrypt(key, plain, input['DestinationEncryptionContext']).toString('base64') };
    },
    RotateKeyOnDemand: ({ KeyId }) => {
      this.usable(KeyId).materials.push(randomBytes(32));
    },
    ListKeyRotations: ({ KeyId }) => ({
      Rotations: this.find(KeyId)
        .materials.slice(1)
        .map(() => ({ RotationType: 'ON_DEMAND' })),
      Truncated: false,
    }),
    TagResource: ({ KeyId, Tags }) => {
      this.tag(this.usable(KeyId), Tags);
    },
    ListResourceTags: ({ KeyId }) => ({
      Tags: [...this.find(KeyId).tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
      Truncated: false,
    }),
    ScheduleKeyDeletion: ({ KeyId, PendingWindowInDays }) => {
      const key = this.usable(KeyId);
      key.deletionDate = Date.now() / 1000 + Number(PendingWindowInDays) * 86_400;
      return { KeyId: key.id, DeletionDate: key.deletionDate, KeyState: 'PendingDeletion' };
    },
  };

  private find(keyId: unknown): FakeKey {
    const id = String(keyId);
    return this.keys.get(this.aliases.get(id) ?? id) ?? refuse('NotFoundException');
  }

  private usable(keyId: unknown): FakeKey {
    const key = this.find(keyId);
    return key.deletionDate === undefined ? key : refuse('KMSInvalidStateException');
  }

  private tag(key: FakeKey, tags: unknown): void {
    for (const { TagKey, TagValue } of (tags ?? []) as { TagKey: string; TagValue: string }[])
      key.tags.set(TagKey, TagValue);
  }

  private decrypt(keyId: unknown, base64: unknown, context: unknown): Buffer {
    const key = this.usable(keyId);
    const blob = Buffer.from(String(base64), 'base64');
    if (blob.subarray(0, 36).toString() !== key.id) refuse('IncorrectKeyException');
    const material = key.materials[blob.readUInt8(36)] ?? refuse('InvalidCiphertextException');
    const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(37, 49), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(JSON.stringify(context))).setAuthTag(blob.subarray(-16));
    const plain = decipher.update(blob.subarray(49, -16));
    try {
      decipher.final();
      return plain;
    } catch {
      return refuse('InvalidCiphertextException');
    }
  }
}

function encrypt({ id, materials }: FakeKey, plain: Buffer, context: unknown): Buffer {
  const version = materials.length - 1;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', materials[version]!, nonce).setAAD(Buffer.from(JSON.stringify(context)));
  return Buffer.concat([
    Buffer.from(id),
    Buffer.from([version]),
    nonce,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

function metadataOf({ id, deletionDate }: FakeKey): unknown {
  return deletionDate === undefined
    ? { KeyId: id, KeyState: 'Enabled' }
    : { KeyId: id, KeyState: 'PendingDeletion', DeletionDate: deletionDate };
}
