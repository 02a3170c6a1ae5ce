/** A new key pair. */
export interface TokenKeyPair {
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** The private key, sealed so that the database alone gives nobody a token. */
  readonly sealedPrivateKey: string;
}

export interface TokenClaims {
  /** Principal id. */
  readonly sub: string;
  /** Home tenant. */
  readonly htid: string;
  /** Permissions the token is narrowed to. */
  readonly scp: readonly string[];
  /** The API key it was got with; it dies with the key. */
  readonly cid?: string | undefined;
  /** Unix seconds. */
  readonly iat: number;
  /** Unix seconds. */
  readonly exp: number;
}

/** ES256 key pairs and what they sign. */
export abstract class TokenKeys {
  abstract generate(): Promise<TokenKeyPair>;
  /** A signed JWT. @throws when the sealed key was sealed with another secret. */
  abstract sign(key: Pick<TokenKeyPair, 'kid' | 'sealedPrivateKey'>, claims: TokenClaims): Promise<string>;
}
