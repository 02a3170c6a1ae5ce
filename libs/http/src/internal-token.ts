import { SignJWT, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import {
  INTERNAL_AUDIENCE,
  INTERNAL_ISSUER,
  INTERNAL_TOKEN_MAX_SECONDS,
  internalClaimsSchema,
  type InternalClaims,
} from './internal-claims.js';

/** What signs internal tokens: an Ed25519 private key and its id. */
export interface InternalSigner {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** A new Ed25519 pair: `privateJwk` for the gateway's file, `publicJwks` (`{keys: [...]}`) for the services' file. */
export async function generateInternalKeys(
  kid: string,
): Promise<{ readonly privateJwk: JWK; readonly publicJwks: { readonly keys: readonly JWK[] } }> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const named = { kid, alg: 'EdDSA', use: 'sig' };
  const privateJwk = { ...(await exportJWK(pair.privateKey)), ...named };
  const publicJwk = { ...(await exportJWK(pair.publicKey)), ...named };
  return { privateJwk, publicJwks: { keys: [publicJwk] } };
}

/** @throws {TypeError} when the JWK is no Ed25519 private key with a `kid`. */
export async function internalSigner(privateJwk: JWK): Promise<InternalSigner> {
  if (privateJwk.kty !== 'OKP' || privateJwk.crv !== 'Ed25519' || !privateJwk.d || !privateJwk.kid) {
    throw new TypeError('the internal signing key must be an Ed25519 private JWK with a kid');
  }
  const key = await importJWK(privateJwk, 'EdDSA');
  if (key instanceof Uint8Array) throw new TypeError('the internal signing key must be an asymmetric key');
  return { kid: privateJwk.kid, key };
}

export interface MintOptions {
  /** Default {@link INTERNAL_AUDIENCE}. */
  readonly audience?: string;
  /** Seconds, 1–60, default 60. */
  readonly expiresInSeconds?: number;
  /** Unix milliseconds, default the machine's clock. */
  readonly nowMs?: number;
}

/** Mints the token that the gateway sends along with a forwarded request, in `Authorization: Bearer …`. @throws {RangeError} for a longer life. */
export async function mintInternalToken(
  signer: InternalSigner,
  claims: InternalClaims,
  options: MintOptions = {},
): Promise<string> {
  const seconds = options.expiresInSeconds ?? INTERNAL_TOKEN_MAX_SECONDS;
  if (!(seconds > 0 && seconds <= INTERNAL_TOKEN_MAX_SECONDS)) {
    throw new RangeError(`an internal token lives 1–${INTERNAL_TOKEN_MAX_SECONDS} seconds, not ${seconds}`);
  }
  const issuedAt = Math.floor((options.nowMs ?? Date.now()) / 1000);
  return new SignJWT({ ...internalClaimsSchema.parse(claims) })
    .setProtectedHeader({ alg: 'EdDSA', kid: signer.kid, typ: 'JWT' })
    .setIssuer(INTERNAL_ISSUER)
    .setAudience(options.audience ?? INTERNAL_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .sign(signer.key);
}
