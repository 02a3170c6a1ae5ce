import type { Clock } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, InternalTokenMinter } from './ports.js';
import type { Session } from './session.js';

/** A token is used as long as it lives at least so long, milliseconds: services get it with time to spare. */
const MIN_LEFT_MS = 30_000;

/** The session's internal token for an audience, minted every 30 s; as the value of `Authorization`, which is made once, not for each request. */
@Injectable()
export class InternalTokens {
  private readonly pending = new WeakMap<Session, Map<string, Promise<string>>>();

  constructor(
    private readonly minter: InternalTokenMinter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  of(session: Session, audience: string, requestId: string): string | Promise<string> {
    const known = session.tokens.get(audience);
    if (known !== undefined && known.expiresAtMs - this.clock.nowMs() >= MIN_LEFT_MS) return known.authorization;
    const pending = this.pending.get(session) ?? new Map<string, Promise<string>>();
    this.pending.set(session, pending);
    const minting = pending.get(audience) ?? this.mint(session, audience, requestId);
    pending.set(audience, minting);
    return minting;
  }

  private async mint(session: Session, audience: string, requestId: string): Promise<string> {
    try {
      const { token, expiresAtMs } = await this.minter.mint(session, audience, requestId);
      const authorization = `Bearer ${token}`;
      session.tokens.set(audience, { authorization, expiresAtMs });
      return authorization;
    } finally {
      this.pending.get(session)?.delete(audience);
    }
  }
}
