import { randomUUID } from 'node:crypto';
import { Once, type RequestContext } from '@myriad/kernel';
import type { UnitOfWork } from './unit-of-work.js';

/** What is known of an idempotency key. */
export type IdempotencyClaim =
  /** New, or its lease ran out: go on with `once` in the context, then say `complete` or `abandon`. */
  | { readonly state: 'started'; readonly once: Once }
  /** Another request with this key is being worked on. */
  | { readonly state: 'in-progress' }
  /** The key was used for another request. */
  | { readonly state: 'mismatch' }
  /** Done before: its answer again. */
  | { readonly state: 'completed'; readonly status: number; readonly body: string };

export interface IdempotencyOptions {
  /** How long an answer is kept, seconds. Default 86,400. */
  readonly keepSeconds?: number;
  /** How long a request may be worked on before another one may take its key over (its process died), seconds. Default 60. */
  readonly leaseSeconds?: number;
}

const DAY_SECONDS = 86_400;
const LEASE_SECONDS = 60;

interface Row {
  readonly fingerprint: string;
  readonly status: number | null;
  readonly body: string | null;
}

/** Remembers answers by tenant, principal and key, for requests that a client may send twice. */
export class IdempotencyStore {
  private readonly keepSeconds: number;
  private readonly leaseSeconds: number;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    { keepSeconds = DAY_SECONDS, leaseSeconds = LEASE_SECONDS }: IdempotencyOptions = {},
  ) {
    this.keepSeconds = keepSeconds;
    this.leaseSeconds = leaseSeconds;
  }

  /** Claims a key. `fingerprint` is a digest of what was asked; another one under the same key is a mismatch. One of many concurrent callers starts. */
  begin(ctx: RequestContext, key: string, fingerprint: string): Promise<IdempotencyClaim> {
    return this.unitOfWork.run(ctx, async (tx) => {
      const claimId = randomUUID();
      const [claimed] = await tx.query<{ claim_id: string }>(
        `INSERT INTO idempotency AS known (tenant_id, principal_id, key, fingerprint, lease_until, expires_at, claim_id)
         VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second', now() + $6 * interval '1 second', $7)
         ON CONFLICT (tenant_id, principal_id, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, status = NULL, body = NULL,
             lease_until = excluded.lease_until, expires_at = excluded.expires_at,
             claim_id = CASE WHEN known.expires_at <= now() THEN excluded.claim_id ELSE known.claim_id END
         WHERE known.expires_at <= now()
            OR (known.status IS NULL AND known.lease_until <= now() AND known.fingerprint = excluded.fingerprint)
         RETURNING claim_id`,
        [tx.tenantId, ctx.principal.id, key, fingerprint, this.leaseSeconds, this.keepSeconds, claimId],
      );
      if (claimed !== undefined)
        return { state: 'started', once: new Once(claimed.claim_id, claimed.claim_id !== claimId) };
      const [row] = await tx.query<Row>(
        'SELECT fingerprint, status, body FROM idempotency WHERE tenant_id = $1 AND principal_id = $2 AND key = $3',
        [tx.tenantId, ctx.principal.id, key],
      );
      if (row === undefined) return { state: 'in-progress' };
      if (row.fingerprint !== fingerprint) return { state: 'mismatch' };
      if (row.status === null) return { state: 'in-progress' };
      return { state: 'completed', status: row.status, body: row.body ?? '' };
    });
  }

  /** Keeps the answer (JSON text) for whoever asks again. The first answer stays. */
  async complete(
    ctx: RequestContext,
    key: string,
    answer: { readonly status: number; readonly body: string },
  ): Promise<void> {
    await this.unitOfWork.run(withoutOnce(ctx), (tx) =>
      tx.query(
        `UPDATE idempotency SET status = $4, body = $5, expires_at = now() + $6 * interval '1 second'
         WHERE tenant_id = $1 AND principal_id = $2 AND key = $3 AND status IS NULL`,
        [tx.tenantId, ctx.principal.id, key, answer.status, answer.body, this.keepSeconds],
      ),
    );
  }

  /** The request failed and may be tried again: gives the key free, or, when part of it was done already, free for the same request only. */
  async abandon(ctx: RequestContext, key: string): Promise<void> {
    const change =
      ctx.once?.hasEffect === true ? 'UPDATE idempotency SET lease_until = now()' : 'DELETE FROM idempotency';
    await this.unitOfWork.run(withoutOnce(ctx), (tx) =>
      tx.query(`${change} WHERE tenant_id = $1 AND principal_id = $2 AND key = $3 AND status IS NULL`, [
        tx.tenantId,
        ctx.principal.id,
        key,
      ]),
    );
  }
}

/** The store's own work is no step of the request. */
function withoutOnce({ once: _, ...ctx }: RequestContext): RequestContext {
  return ctx;
}
