import { ProblemError, type Principal, type PrincipalId, type TenantId } from '@myriad/kernel';
import { errors, jwtVerify, type CryptoKey } from 'jose';
import {
  INTERNAL_AUDIENCE,
  INTERNAL_ISSUER,
  INTERNAL_TOKEN_MAX_SECONDS,
  internalClaimsSchema,
  type InternalClaims,
} from './internal-claims.js';
import { JwksFile, type KeySource } from './jwks-file.js';

/** A verified caller. */
export interface Caller {
  readonly claims: InternalClaims;
  readonly tenantId: TenantId;
  readonly principal: Principal;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** Turns a token into the caller it stands for. */
export interface TokenVerifier {
  /** @throws {ProblemError} `unauthenticated`, code `http.token_invalid`. */
  verify(token: string): Promise<Caller>;
  /** The caller of a token that was verified before and holds; undefined for any other. */
  known(token: string): Caller | undefined;
}

export interface VerifierOptions {
  readonly keys: KeySource;
  /** Default {@link INTERNAL_AUDIENCE}. */
  readonly audience?: string;
  /** How many verified tokens are remembered, default 4096. */
  readonly cacheSize?: number;
  /** Unix milliseconds, default the machine's clock. */
  readonly nowMs?: () => number;
}

/**
 * Two processes' clocks may differ by this much, seconds: a machine whose clock jumps must not be shut out. A token that somebody
 * overheard is of use for as much longer than its minute.
 */
const CLOCK_TOLERANCE_SECONDS = 300;

/**
 * Verifies internal tokens locally (EdDSA only, issuer, audience, life ≤ 60 s) and remembers verified ones by their text until they
 * expire, so that the signature of a token in use is checked once.
 */
export class InternalTokenVerifier implements TokenVerifier {
  private readonly verified = new Map<string, Caller>();
  private readonly nowMs: () => number;

  constructor(private readonly options: VerifierOptions) {
    this.nowMs = options.nowMs ?? Date.now;
  }

  /** How many tokens are remembered. */
  get remembered(): number {
    return this.verified.size;
  }

  known(token: string): Caller | undefined {
    const known = this.verified.get(token);
    if (known === undefined || known.expiresAtMs > this.nowMs()) return known;
    this.verified.delete(token);
    return undefined;
  }

  async verify(token: string): Promise<Caller> {
    const known = this.known(token);
    if (known !== undefined) return known;
    const caller = await this.check(token);
    this.remember(token, caller);
    return caller;
  }

  private async check(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.keyOf(header.kid), {
        algorithms: ['EdDSA'],
        issuer: INTERNAL_ISSUER,
        audience: this.options.audience ?? INTERNAL_AUDIENCE,
        requiredClaims: ['exp', 'iat'],
        maxTokenAge: INTERNAL_TOKEN_MAX_SECONDS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.nowMs()),
      });
      const claims = internalClaimsSchema.parse(payload);
      const { exp = 0, iat = 0 } = payload;
      if (exp - iat > INTERNAL_TOKEN_MAX_SECONDS) throw new TypeError('lives too long');
      return callerOf(claims, exp * 1000);
    } catch (error) {
      throw refusal(error);
    }
  }

  private async keyOf(kid: string | undefined): Promise<CryptoKey> {
    const key = kid === undefined ? undefined : await this.options.keys.keyOf(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }

  /** What has expired goes, and the oldest when there are too many: a token lives a minute, so the order of arrival is the order of expiry. */
  private remember(token: string, caller: Caller): void {
    this.verified.set(token, caller);
    for (const [oldest, { expiresAtMs }] of this.verified) {
      if (this.verified.size <= (this.options.cacheSize ?? 4096) && expiresAtMs > this.nowMs()) return;
      this.verified.delete(oldest);
    }
  }
}

/**
 * A verifier of the keys in `INTERNAL_JWKS_FILE`. @throws when the file can't be read now: a service without keys answers nobody.
 */
export async function verifierFromFile(path: string, audience?: string): Promise<InternalTokenVerifier> {
  const keys = new JwksFile(path);
  await keys.load();
  return new InternalTokenVerifier({ keys, ...(audience === undefined ? {} : { audience }) });
}

function callerOf(claims: InternalClaims, expiresAtMs: number): Caller {
  return {
    claims,
    tenantId: claims.tid as TenantId,
    principal: {
      id: claims.sub as PrincipalId,
      kind: claims.knd,
      homeTenantId: claims.htid as TenantId,
      permissions: new Set(claims.perms),
    },
    expiresAtMs,
  };
}

function refusal(error: unknown): ProblemError {
  const why =
    error instanceof errors.JWTExpired ? 'it expired' : 'its signature, issuer, audience or claims do not hold';
  return new ProblemError({
    kind: 'unauthenticated',
    code: 'http.token_invalid',
    detail: `the internal token is refused: ${why}; it must be minted by the gateway for this service`,
    cause: error,
  });
}
