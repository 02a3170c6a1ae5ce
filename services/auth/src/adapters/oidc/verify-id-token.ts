import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { authProblem } from '../../domain/auth-problem.js';
import type { IdTokenClaims, LoginProvider } from '../../domain/login-provider.js';

/** A token that was issued longer ago is not of this login, seconds. */
const MAX_AGE_SECONDS = 600;
const MAX_SUBJECT = 255;

export interface IdTokenCheck {
  readonly provider: LoginProvider;
  readonly keys: JWTVerifyGetKey;
  readonly clientIds: readonly string[];
  readonly nonce?: string | undefined;
  readonly nowMs: number;
}

/** Why an ID token does not hold. */
class Unacceptable extends Error {}

/**
 * OpenID Connect Core 1.0 §3.1.3.7: signature by an allowed algorithm, issuer, audience, authorized party, times, nonce.
 * @throws {ProblemError} `auth.id_token_invalid`; what the keys throw beyond jose's errors
 */
export async function verifyIdToken(idToken: string, check: IdTokenCheck): Promise<IdTokenClaims> {
  const { provider, keys, clientIds, nonce, nowMs } = check;
  try {
    const { payload } = await jwtVerify(idToken, keys, {
      algorithms: [...provider.algorithms],
      issuer: provider.issuer,
      audience: [...clientIds],
      requiredClaims: ['sub', 'iat', 'exp', 'aud'],
      clockTolerance: provider.clockSkewSeconds,
      maxTokenAge: MAX_AGE_SECONDS,
      currentDate: new Date(nowMs),
    });
    assertParty(payload, clientIds);
    if (nonce !== undefined && payload['nonce'] !== nonce) throw new Unacceptable('nonce');
    const { sub } = payload;
    if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT) throw new Unacceptable('sub');
    return { ...payload, sub };
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    const detail = `the ID token is refused: its ${reason} does not hold`;
    throw authProblem('unauthenticated', 'id_token_invalid', detail, { cause: error });
  }
}

/** A token for several parties names the one it was issued to. */
function assertParty({ aud, azp }: JWTPayload & { azp?: unknown }, clientIds: readonly string[]): void {
  const isForSeveral = Array.isArray(aud) && aud.length > 1;
  if (azp === undefined && !isForSeveral) return;
  if (typeof azp !== 'string' || !clientIds.includes(azp)) throw new Unacceptable('azp');
}

/** In a word what did not hold; undefined: the fault is not the token's. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof Unacceptable) return error.message;
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) return error.claim;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg';
  if (error instanceof errors.JWKSNoMatchingKey) return 'kid';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  return error instanceof errors.JOSEError ? 'form' : undefined;
}
