/** First key of every advisory lock of this package ('MYRD'), so that services' own locks do not collide with it. */
export const LOCK_CLASS = 0x4d595244;

/** Second keys below {@link LOCK_CLASS}. Outbox buckets are 0…255. */
export const LOCKS = { outboxBuckets: 256, migrate: 1_000, relay: 1_001 } as const;
