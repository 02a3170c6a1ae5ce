/** A key pair that signs user tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** The private key, sealed. */
  readonly sealedPrivateKey: string;
  /** It signs from then on; before, it is published only, so that every verifier knows it when its first token comes. */
  readonly activeFrom: Date;
}

/** The key that signs now: the newest one that is active. */
export function activeSigningKey(keys: readonly SigningKey[], nowMs: number): SigningKey | undefined {
  return byActivation(keys).findLast((key) => key.activeFrom.getTime() <= nowMs);
}

/** When the last token signed with the key has expired; undefined while nothing has replaced it. */
export function verifiesUntilMs(key: SigningKey, keys: readonly SigningKey[], tokenLifeMs: number): number | undefined {
  const sorted = byActivation(keys);
  const next = sorted[sorted.indexOf(key) + 1];
  return next === undefined ? undefined : next.activeFrom.getTime() + tokenLifeMs;
}

/** The keys whose tokens have all expired. */
export function spentSigningKeys(keys: readonly SigningKey[], nowMs: number, tokenLifeMs: number): SigningKey[] {
  return keys.filter((key) => (verifiesUntilMs(key, keys, tokenLifeMs) ?? Number.POSITIVE_INFINITY) <= nowMs);
}

function byActivation(keys: readonly SigningKey[]): SigningKey[] {
  return [...keys].sort((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime());
}
