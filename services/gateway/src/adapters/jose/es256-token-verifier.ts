import { hash } from 'node:crypto';
import type { Clock, ProblemError } from '@myriad/kernel';
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { UserTokenVerifier, type TokenSubject } from '../../application/ports.js';
import { gatewayProblem } from '../../domain/gateway-problem.js';

/** Issuer and audience of user tokens. */
const ISSUER = 'myriad';
const CLOCK_TOLERANCE_SECONDS = 5;
/** Verified tokens that are remembered. */
const MAX_REMEMBERED = 10_000;
/** Longer texts are no tokens of ours. */
const MAX_LENGTH = 8192;

/** Verifies a token's signature once and remembers it, by its digest, until the keys change: what expired needs no signature to be refused. */
export class Es256TokenVerifier extends UserTokenVerifier {
  private keys = createLocalJWKSet({ keys: [] });
  private readonly verified = new Map<string, TokenSubject>();

  constructor(private readonly clock: Clock) {
    super();
  }

  setKeys(jwks: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    this.keys = createLocalJWKSet({ keys: jwks } as unknown as JSONWebKeySet);
    this.verified.clear();
    return Promise.resolve();
  }

  async verify(token: string): Promise<TokenSubject> {
    if (token.length > MAX_LENGTH) throw invalid();
    const digest = hash('sha256', token, 'base64');
    const known = this.verified.get(digest);
    if (known !== undefined) {
      if (known.expiresAtMs + CLOCK_TOLERANCE_SECONDS * 1000 > this.clock.nowMs()) return known;
      throw expired();
    }
    const subject = subjectOf(await this.payloadOf(token));
    this.remember(digest, subject);
    return subject;
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    try {
      const options = {
        algorithms: ['ES256'],
        issuer: ISSUER,
        audience: ISSUER,
        requiredClaims: ['sub', 'exp', 'iat'],
      };
      const currentDate = new Date(this.clock.nowMs());
      const verified = await jwtVerify(token, this.keys, {
        ...options,
        currentDate,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      return verified.payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired();
      throw invalid(error);
    }
  }

  private remember(digest: string, subject: TokenSubject): void {
    this.verified.set(digest, subject);
    if (this.verified.size <= MAX_REMEMBERED) return;
    const oldest = this.verified.keys().next();
    if (!oldest.done) this.verified.delete(oldest.value);
  }
}

/** A token without `scp` is narrowed to nothing. */
function subjectOf({ sub, exp = 0, ['scp']: scopes, ['cid']: keyId }: JWTPayload): TokenSubject {
  if (sub === undefined) throw invalid();
  const list = Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
  return {
    principalId: sub,
    scopes: new Set(list),
    keyId: typeof keyId === 'string' ? keyId : undefined,
    expiresAtMs: exp * 1000,
  };
}

function expired(): ProblemError {
  return gatewayProblem('unauthenticated', 'token_expired', 'the token expired; get a new one from POST /v1/tokens');
}

function invalid(cause?: unknown): ProblemError {
  const detail = 'the bearer token is neither an API key (myr_…) nor a token that was signed here';
  return gatewayProblem('unauthenticated', 'token_invalid', detail, { cause });
}
