import { hash, timingSafeEqual } from 'node:crypto';
import type { Clock, ProblemError } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { Arrivals } from './arrivals.js';
import { IdentityTables, type KeyEntry, type PrincipalEntry } from './identity-tables.js';
import { CLOCK, UserTokenVerifier, type TokenSubject } from './ports.js';
import type { Credential } from './session.js';

const KEY = /^myr_([a-z2-7]{8})_[a-z2-7]{40}$/;
/** Compared with when there is no such key, so that both take the same time. */
const NO_HASH = Buffer.alloc(32);

/** Finds out whose a key or token is. Everything it asks is in memory; a key costs one SHA-256. */
@Injectable()
export class Authenticate {
  private readonly accepted = new WeakMap<KeyEntry | TokenSubject, Credential>();

  constructor(
    private readonly tables: IdentityTables,
    private readonly tokens: UserTokenVerifier,
    private readonly arrivals: Arrivals,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `unauthenticated`; the promise of a token rejects so. */
  execute(secret: string): Credential | Promise<Credential> {
    if (!secret.startsWith('myr_')) return this.byToken(secret);
    const prefix = KEY.exec(secret)?.[1];
    const { keys } = this.tables;
    const arrival =
      prefix === undefined || keys.has(prefix)
        ? undefined
        : this.arrivals.await(`key ${prefix}`, () => keys.has(prefix));
    return arrival === undefined ? this.byKey(secret) : arrival.then(() => this.byKey(secret));
  }

  private byKey(text: string): Credential {
    const prefix = KEY.exec(text)?.[1];
    const key = prefix === undefined ? undefined : this.tables.keys.get(prefix);
    const isRight = timingSafeEqual(hash('sha256', text, 'buffer'), key?.hash ?? NO_HASH);
    if (key === undefined || !isRight) throw refuse('key_invalid', 'the API key is not one that was issued here');
    this.assertInForce(key);
    return this.credentialOf(key);
  }

  private async byToken(token: string): Promise<Credential> {
    const subject = await this.tokens.verify(token);
    if (subject.keyId !== undefined) {
      const key = this.tables.keysById.get(subject.keyId);
      if (key === undefined) throw refuse('key_invalid', 'the API key that the token was got with is not known here');
      this.assertInForce(key);
    }
    const { principals } = this.tables;
    const { principalId } = subject;
    // Who has just logged in for the first time may use the token at once.
    if (!principals.has(principalId))
      await this.arrivals.await(`principal ${principalId}`, () => principals.has(principalId));
    return this.credentialOf(subject);
  }

  private assertInForce({ keyId, isRevoked, expiresAtMs }: KeyEntry): void {
    if (isRevoked) throw refuse('key_revoked', `the API key '${keyId}' was revoked`);
    if (expiresAtMs <= this.clock.nowMs())
      throw refuse('key_expired', `the API key '${keyId}' expired at ${new Date(expiresAtMs).toISOString()}`);
  }

  /** The same one as long as neither the key or token nor its principal changes. */
  private credentialOf(proof: KeyEntry | TokenSubject): Credential {
    const principal = this.activePrincipal(proof.principalId);
    const known = this.accepted.get(proof);
    if (known?.principal === principal) return known;
    const credential: Credential = { principal, scopes: proof.scopes, keyId: proof.keyId, sessions: new Map() };
    this.accepted.set(proof, credential);
    return credential;
  }

  private activePrincipal(principalId: string): PrincipalEntry {
    const principal = this.tables.principals.get(principalId);
    if (principal?.isActive === true) return principal;
    throw refuse('principal_disabled', `the principal '${principalId}' is disabled`);
  }
}

function refuse(code: string, detail: string): ProblemError {
  return gatewayProblem('unauthenticated', code, detail);
}
