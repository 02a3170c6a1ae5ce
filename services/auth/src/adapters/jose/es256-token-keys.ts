import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync, randomBytes } from 'node:crypto';
import { newId } from '@myriad/kernel';
import { Injectable } from '@nestjs/common';
import { SignJWT, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { TokenKeys, type TokenClaims, type TokenKeyPair } from '../../application/ports/token-keys.port.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Issuer and audience of every user token. */
export const TOKEN_ISSUER = 'myriad';

/** ES256 keys with jose; private keys are sealed with AES-256-GCM under a key derived from a secret that is not in the database. */
@Injectable()
export class Es256TokenKeys extends TokenKeys {
  private readonly sealingKey: Buffer;

  constructor(secret: string) {
    super();
    this.sealingKey = Buffer.from(hkdfSync('sha256', secret, '', 'myriad.auth.signing-key', 32));
  }

  async generate(): Promise<TokenKeyPair> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const kid = newId('sig');
    return {
      kid,
      publicJwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' },
      sealedPrivateKey: this.seal(await exportPKCS8(pair.privateKey), kid),
    };
  }

  sign(
    { kid, sealedPrivateKey }: Pick<TokenKeyPair, 'kid' | 'sealedPrivateKey'>,
    claims: TokenClaims,
  ): Promise<string> {
    const key = createPrivateKey(this.unseal(sealedPrivateKey, kid));
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_ISSUER)
      .setJti(newId('tok'))
      .sign(key);
  }

  /** base64 of `iv (12) | tag (16) | ciphertext`, bound to the key's id. */
  private seal(text: string, kid: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.sealingKey, iv).setAAD(Buffer.from(kid));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
  }

  private unseal(sealed: string, kid: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const decipher = createDecipheriv(CIPHER, this.sealingKey, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(kid));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new Error(`signing key ${kid} was sealed with another secret than SIGNING_KEY_ENCRYPTION holds`, {
        cause,
      });
    }
  }
}
