import { deserialize, serialize } from 'node:v8';
import { type Once, ProblemError } from '@myriad/kernel';
import { isUniqueViolation } from './pg-errors.js';
import { ACROSS_TENANTS } from './tenant-table.js';
import type { Tx } from './tx.js';

const KEPT_SECONDS = 86_400;
const PRIMARY_KEY = 'idempotency_step_pkey';

/** One transaction of a request that must take effect once; what it gives is kept in the same transaction. */
export class KeptStep {
  private readonly step: number;
  private mayBeKept: boolean;

  constructor(
    private readonly once: Once,
    /** The request's tenant, for work across tenants. */
    private readonly tenantId: string,
  ) {
    this.step = once.nextStep();
    this.mayBeKept = once.isResumed;
  }

  /** What was kept when this step committed before. @throws {ProblemError} `persistence.outcome_unknown` when its value can't be given again */
  async find(tx: Tx): Promise<{ readonly value: unknown } | undefined> {
    if (!this.mayBeKept) return undefined;
    const [row] = await tx.query<{ result: Buffer | null }>(
      'SELECT result FROM idempotency_step WHERE tenant_id = $1 AND claim_id = $2 AND step = $3',
      [this.tenantOf(tx), this.once.claimId, this.step],
    );
    if (row === undefined) return undefined;
    this.once.keep();
    if (row.result !== null) return { value: deserialize(row.result) };
    const detail = 'this was done before, but what it gave was not kept; look at what there is before asking again';
    throw new ProblemError({ kind: 'conflict', code: 'persistence.outcome_unknown', detail });
  }

  /** Keeps the value when the transaction has written anything. A second process that does the same step waits here and then fails. */
  async keep(tx: Tx, value: unknown): Promise<void> {
    const kept = await tx.query(
      `INSERT INTO idempotency_step (tenant_id, claim_id, step, result, expires_at)
       SELECT $1, $2, $3, $4, now() + $5 * interval '1 second' WHERE pg_current_xact_id_if_assigned() IS NOT NULL RETURNING 1`,
      [this.tenantOf(tx), this.once.claimId, this.step, this.once.keepsValues ? bytesOf(value) : null, KEPT_SECONDS],
    );
    this.hasKept = kept.length > 0;
  }

  /** To call after the commit. */
  committed(): void {
    if (this.hasKept) this.once.keep();
  }

  /** Whether another process did this step meanwhile: then it is to be looked for. */
  wasTaken(error: unknown): boolean {
    if (!isUniqueViolation(error, PRIMARY_KEY)) return false;
    this.mayBeKept = true;
    return true;
  }

  private hasKept = false;

  private tenantOf(tx: Tx): string {
    return (tx.tenantId as string) === ACROSS_TENANTS ? this.tenantId : tx.tenantId;
  }
}

/** Null for what has no bytes, such as functions. */
function bytesOf(value: unknown): Buffer | null {
  try {
    return serialize(value);
  } catch {
    return null;
  }
}
