import { readFile, stat } from 'node:fs/promises';
import { importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';

const jwksSchema = z.object({
  keys: z.array(
    z.looseObject({ kid: z.string().min(1), kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  ),
});

/** Finds the public key of a key id. */
export interface KeySource {
  keyOf(kid: string): Promise<CryptoKey | undefined>;
}

/** Public keys that stand in memory. @throws {z.ZodError} when they are no Ed25519 JWKS. */
export function staticKeys(jwks: unknown): KeySource {
  const keys = importAll(jwks);
  return { keyOf: async (kid) => (await keys).get(kid) };
}

async function importAll(jwks: unknown): Promise<ReadonlyMap<string, CryptoKey>> {
  const keys = new Map<string, CryptoKey>();
  for (const jwk of jwksSchema.parse(jwks).keys) {
    const key = await importJWK(jwk as JWK, 'EdDSA');
    if (!(key instanceof Uint8Array)) keys.set(jwk.kid, key);
  }
  return keys;
}

/** How often at most the file is looked at, milliseconds: a flood of unknown key ids costs one `stat` a second. */
const LOOK_EVERY_MS = 1000;

/**
 * Public keys of a JWKS file, read again when the file changed. A file that is half written or gone leaves the keys as they were.
 */
export class JwksFile implements KeySource {
  private keys: ReadonlyMap<string, CryptoKey> = new Map();
  private version = '';
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly nowMs: () => number = Date.now,
  ) {}

  async keyOf(kid: string): Promise<CryptoKey | undefined> {
    if (this.nowMs() - this.lookedAtMs >= LOOK_EVERY_MS) await (this.reading ??= this.look());
    return this.keys.get(kid);
  }

  /** Reads the file now. @throws when it can't be read or is no JWKS; for the start, so that a wrong path is seen at once. */
  async load(): Promise<void> {
    const { mtimeMs, ino, size } = await stat(this.path);
    this.keys = await importAll(JSON.parse(await readFile(this.path, 'utf8')));
    this.version = `${ino}:${mtimeMs}:${size}`;
    this.lookedAtMs = this.nowMs();
  }

  private async look(): Promise<void> {
    try {
      const { mtimeMs, ino, size } = await stat(this.path);
      if (`${ino}:${mtimeMs}:${size}` !== this.version) await this.load();
    } catch {
      // The keys of before still verify; the next look tries again.
    } finally {
      this.lookedAtMs = this.nowMs();
      this.reading = undefined;
    }
  }
}
