import { readFileSync } from 'node:fs';
import { internalSigner, type InternalSigner } from '@myriad/http';
import type { Clock } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { z } from 'zod';

export interface RotatingSignerOptions {
  readonly first: InternalSigner;
  /** The private JWK as it stands now. */
  readonly read: () => string;
  /** The public keys that services trust, the file of the services; without it a new key is trusted to be known in time. */
  readonly jwksFile?: string | undefined;
  /** A new key signs when it has stood among the public ones for so long, milliseconds: services look again, and mounted files take their time. */
  readonly delayMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 2_000;
const jwksSchema = z.object({ keys: z.array(z.object({ kid: z.string() })) });

/** What signs internal tokens. A new key in its place is taken over without a restart, but only after services have come to know it. */
export class RotatingSigner {
  private signer: InternalSigner;
  private text: string;
  private next: { readonly signer: InternalSigner; knownSinceMs: number | undefined } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RotatingSignerOptions) {
    this.signer = options.first;
    this.text = options.read();
  }

  get current(): InternalSigner {
    return this.signer;
  }

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Looks at the files now. */
  async look(): Promise<void> {
    const text = this.options.read();
    if (text !== this.text) {
      this.text = text;
      await this.accept(text);
    }
    this.takeOver();
  }

  private async accept(text: string): Promise<void> {
    const { logger } = this.options;
    this.next = undefined;
    try {
      const signer = await internalSigner(JSON.parse(text) as Parameters<typeof internalSigner>[0]);
      if (signer.kid === this.signer.kid)
        logger.warn({ kid: signer.kid }, 'a new internal signing key needs a new kid');
      else this.next = { signer, knownSinceMs: undefined };
    } catch {
      logger.warn({}, 'the new internal signing key is no Ed25519 private JWK with a kid; the old one goes on');
    }
  }

  private takeOver(): void {
    const { next } = this;
    if (next === undefined) return;
    const { clock, delayMs, logger } = this.options;
    const { kid } = next.signer;
    if (!this.isPublished(kid)) {
      next.knownSinceMs = undefined;
      return;
    }
    next.knownSinceMs ??= clock.nowMs();
    if (clock.nowMs() - next.knownSinceMs < delayMs) return;
    logger.info({ kid, before: this.signer.kid }, 'internal tokens are signed with a new key');
    this.signer = next.signer;
    this.next = undefined;
  }

  private isPublished(kid: string): boolean {
    const { jwksFile } = this.options;
    if (jwksFile === undefined) return true;
    try {
      return jwksSchema.parse(JSON.parse(readFileSync(jwksFile, 'utf8'))).keys.some((key) => key.kid === kid);
    } catch {
      return false; // half written, or gone: not known
    }
  }
}
