import type { Clock } from '@myriad/kernel';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ProviderUnavailable, fetchJson } from './fetch-json.js';
import type { ProviderMetadata } from './provider-metadata.js';

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** A key that the provider took out is refused after so long, milliseconds. */
const MAX_AGE_MS = 300_000;
/** Between two fetches for key ids that are not known, milliseconds: a flood of made-up ones costs one fetch. */
const COOLDOWN_MS = 30_000;
/** While the provider is away its last keys hold for so long, milliseconds. */
const MAX_STALE_MS = 86_400_000;

/** A provider's public keys: fetched when needed, kept, fetched again for a key id that is new. */
export class ProviderKeys {
  private keys: JWTVerifyGetKey | undefined;
  private fetchedAtMs = Number.NEGATIVE_INFINITY;
  private triedAtMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly metadata: ProviderMetadata,
    private readonly clock: Clock,
  ) {}

  /** For `jwtVerify`. @throws {ProviderUnavailable} when the keys are not known and can't be fetched; jose's errors for a key that is none of them */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.mayTry()) throw error;
      return (await this.refreshed(keys))(header, token);
    }
  };

  private async current(): Promise<JWTVerifyGetKey> {
    const { keys } = this;
    if (keys === undefined) return this.fetch();
    const ageMs = this.clock.nowMs() - this.fetchedAtMs;
    if (ageMs < MAX_AGE_MS) return keys;
    if (ageMs >= MAX_STALE_MS) return this.fetch();
    return this.mayTry() ? this.refreshed(keys) : keys;
  }

  private mayTry(): boolean {
    return this.clock.nowMs() - this.triedAtMs >= COOLDOWN_MS;
  }

  /** The keys of now, or those of before when the provider is away. */
  private async refreshed(before: JWTVerifyGetKey): Promise<JWTVerifyGetKey> {
    try {
      return await this.fetch();
    } catch (error) {
      if (error instanceof ProviderUnavailable) return before;
      throw error;
    }
  }

  private fetch(): Promise<JWTVerifyGetKey> {
    this.fetching ??= this.read().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async read(): Promise<JWTVerifyGetKey> {
    this.triedAtMs = this.clock.nowMs();
    const { jwks_uri: url } = await this.metadata.get();
    const { status, body } = await fetchJson(url);
    const parsed = jwksSchema.safeParse(body);
    if (status !== 200 || !parsed.success) throw new ProviderUnavailable('the key set is none');
    this.keys = createLocalJWKSet(parsed.data);
    this.fetchedAtMs = this.clock.nowMs();
    return this.keys;
  }
}
