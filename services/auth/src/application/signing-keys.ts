import { signingKeysChangedV1, type EventData } from '@myriad/contracts';
import { systemContext, type Clock } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { activeSigningKey, spentSigningKeys, type SigningKey } from '../domain/signing-key.js';
import { SigningKeyStore } from './ports/signing-key.store.js';
import { CLOCK, SETTINGS, type AuthSettings } from './tokens.js';

export type Jwks = EventData<typeof signingKeysChangedV1>;

/** The keys of user tokens: which one signs, which ones verify. */
@Injectable()
export class SigningKeys {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly store: SigningKeyStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: AuthSettings,
  ) {}

  /** The key that signs now. @throws when there is none: the platform has not been bootstrapped. */
  async active(): Promise<SigningKey> {
    const key = activeSigningKey(await this.all(), this.clock.nowMs());
    if (key === undefined) throw new Error('there is no active signing key');
    return key;
  }

  /** The public keys, as `/.well-known/jwks.json` shows them. */
  async jwks(): Promise<Jwks> {
    return jwksOf(await this.all());
  }

  /** Adds a key and publishes it, in the given transaction of the platform. It signs after a while; the first one at once. */
  async add(tx: Tx, pair: Omit<SigningKey, 'activeFrom'>): Promise<SigningKey> {
    const others = await this.store.lockAll(tx);
    const delayMs = others.length === 0 ? 0 : this.settings.signingKeyDelayMs;
    const key: SigningKey = { ...pair, activeFrom: new Date(this.clock.nowMs() + delayMs) };
    await this.store.insert(tx, key);
    await tx.emit(signingKeysChangedV1, jwksOf([...others, key]));
    return key;
  }

  /** Removes keys whose last token has expired, and publishes what is left. */
  async retire(): Promise<void> {
    const lifeMs = this.settings.tokenLifeSeconds * 1000;
    if (spentSigningKeys(await this.all(), this.clock.nowMs(), lifeMs).length === 0) return;
    await this.uow.run(systemContext('auth'), async (tx) => {
      const keys = await this.store.lockAll(tx);
      const spent = spentSigningKeys(keys, this.clock.nowMs(), lifeMs);
      if (spent.length === 0) return;
      await this.store.remove(
        tx,
        spent.map((key) => key.kid),
      );
      await tx.emit(signingKeysChangedV1, jwksOf(keys.filter((key) => !spent.includes(key))));
    });
  }

  private all(): Promise<SigningKey[]> {
    return this.uow.run(systemContext('auth'), (tx) => this.store.all(tx));
  }
}

function jwksOf(keys: readonly SigningKey[]): Jwks {
  return { keys: keys.map((key) => ({ ...key.publicJwk })) };
}
