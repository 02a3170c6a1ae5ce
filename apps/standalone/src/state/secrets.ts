import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './json-file.js';
import type { StateFolder } from './state-folder.js';

const passwordsSchema = z.record(z.string(), z.string().min(16));
const privateJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
});

/** The secrets of one mesh, made at its first start and kept below `secrets/`, readable by this user only. */
export class Secrets {
  constructor(private readonly state: StateFolder) {}

  /** Makes what is missing. */
  create(): void {
    for (const path of [this.controlTokenFile, this.objectStoreKeyFile, this.s3SecretFile]) {
      if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600 });
    }
    this.#makeMasterSecret();
    if (!existsSync(this.signingKeyEncryptionFile)) {
      writeFileSync(this.signingKeyEncryptionFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    }
    if (!existsSync(this.internalSigningKeyFile)) this.#makeSigningKey();
    this.#publishJwks();
  }

  /** The password of a database role; made when it is asked for first. */
  password(role: string): string {
    const path = this.state.secret('database-passwords.json');
    const passwords = passwordsSchema.parse(readJsonFile(path) ?? {});
    const known = passwords[role];
    if (known !== undefined) return known;
    const made = randomBytes(24).toString('hex');
    writeJsonFile(path, { ...passwords, [role]: made });
    return made;
  }

  get controlToken(): string {
    return readFileSync(this.controlTokenFile, 'utf8').trim();
  }
  get controlTokenFile(): string {
    return this.state.secret('control.token');
  }
  get objectStoreKeyFile(): string {
    return this.state.secret('object-store.key');
  }
  /** Of the S3 server's only user. */
  get s3AccessKeyId(): string {
    return 'myriad';
  }
  get s3SecretAccessKey(): string {
    return readFileSync(this.s3SecretFile, 'utf8').trim();
  }
  private get s3SecretFile(): string {
    return this.state.secret('s3-secret.key');
  }
  /** What seals the keys of tenants' objects. Whoever loses it loses the objects. */
  get objectMasterFile(): string {
    return this.state.secret('object-master.key');
  }
  /** 32 bytes in base64 with which auth encrypts the private keys of its public tokens. */
  get signingKeyEncryptionFile(): string {
    return this.state.secret('signing-key-encryption.key');
  }
  get internalSigningKeyFile(): string {
    return this.state.secret('internal-signing-key.json');
  }
  /** Where auth writes the first administrator's key, once. */
  get adminKeyFile(): string {
    return this.state.secret('admin.key');
  }

  /** @throws {Error} when it is lost: a new one would open none of the objects that are there. */
  #makeMasterSecret(): void {
    if (existsSync(this.objectMasterFile)) return;
    if (this.state.hasSealedObjects())
      throw new Error(
        `${this.objectMasterFile} is gone, and only it opens the objects here: bring it back from a copy`,
      );
    writeFileSync(this.objectMasterFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  }

  #makeSigningKey(): void {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const kid = createHash('sha256').update(String(jwk.x)).digest('hex').slice(0, 16);
    writeJsonFile(this.internalSigningKeyFile, { ...jwk, kid, alg: 'EdDSA', use: 'sig' });
  }

  #publishJwks(): void {
    const { kid, ...jwk } = privateJwkSchema.parse(readJsonFile(this.internalSigningKeyFile));
    const publicJwk = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' });
    writeJsonFile(this.state.internalJwks, { keys: [{ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' }] });
  }
}
