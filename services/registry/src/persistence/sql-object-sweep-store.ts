import { type Digest, type Owned, PLATFORM_TENANT } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { LooksSoFar, ObjectSweepStore } from '../application/ports.js';
import type { Namer, ObjectSweep, Suspect } from '../domain/object-sweep.js';

interface SweepRecord {
  sweep_id: string;
  suspects: Suspect[];
  answered: Namer[];
  named: Digest[];
  started_at: Date;
}

/** Every column of the registry that names an object. A new one has to be added: what is not named is collected. */
const NAMED = `
  SELECT digest FROM dataset_version WHERE digest = ANY ($1)
  UNION SELECT evidence_digest AS digest FROM dataset_grant WHERE evidence_digest = ANY ($1)
  UNION SELECT artifact_digest AS digest FROM model_version WHERE artifact_digest = ANY ($1)
  UNION SELECT parity_digest AS digest FROM model_version WHERE parity_digest = ANY ($1)
  UNION SELECT report->'serving'->'split'->>'skeletonDigest' AS digest FROM model_version WHERE report->'serving'->'split'->>'skeletonDigest' = ANY ($1)
  UNION SELECT report->'serving'->'split'->>'weightsDigest' AS digest FROM model_version WHERE report->'serving'->'split'->>'weightsDigest' = ANY ($1)
  UNION SELECT review_digest AS digest FROM model_version WHERE review_digest = ANY ($1)`;

@Injectable()
export class SqlObjectSweepStore implements ObjectSweepStore {
  /** A time that lies further away than the next one would was set by a clock that was wrong. */
  async claim(tx: Tx, now: Date, next: Date): Promise<LooksSoFar | undefined> {
    const [row] = await tx.query<{ seen_until: Date; whole_at: Date }>(
      `INSERT INTO object_sweep_clock AS c (tenant_id, due_at) VALUES ($1, $3)
       ON CONFLICT (tenant_id) DO UPDATE SET due_at = $3 WHERE c.due_at <= $2 OR c.due_at > $3 RETURNING seen_until, whole_at`,
      [PLATFORM_TENANT, now, next],
    );
    return row && { seenUntil: row.seen_until, wholeAt: row.whole_at };
  }

  async looked(tx: Tx, { seenUntil, wholeAt }: LooksSoFar): Promise<void> {
    await tx.query('UPDATE object_sweep_clock SET seen_until = $2, whole_at = $3 WHERE tenant_id = $1', [
      PLATFORM_TENANT,
      seenUntil,
      wholeAt,
    ]);
  }

  async takeOlder(tx: Tx, before: Date): Promise<readonly Owned<Pick<ObjectSweep, 'suspects'>>[]> {
    return tx.query<Owned<Pick<ObjectSweep, 'suspects'>>>(
      'DELETE FROM object_sweep WHERE started_at < $1 RETURNING tenant_id AS "tenantId", suspects',
      [before],
    );
  }

  async named(tx: Tx, digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    return new Set((await tx.query<{ digest: Digest }>(NAMED, [digests])).map(({ digest }) => digest));
  }

  async insert(tx: Tx, { sweepId, suspects, answered, named, startedAt }: ObjectSweep): Promise<void> {
    await tx.query(
      'INSERT INTO object_sweep (tenant_id, sweep_id, suspects, answered, named, started_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [tx.tenantId, sweepId, JSON.stringify(suspects), answered, named, startedAt],
    );
  }

  async lock(tx: Tx, sweepId: string): Promise<ObjectSweep | undefined> {
    const [row] = await tx.query<SweepRecord>('SELECT * FROM object_sweep WHERE sweep_id = $1 FOR UPDATE', [sweepId]);
    if (!row) return undefined;
    const { suspects, answered, named, started_at: startedAt } = row;
    return { sweepId, suspects, answered, named, startedAt };
  }

  async update(tx: Tx, { sweepId, answered, named }: ObjectSweep): Promise<void> {
    await tx.query('UPDATE object_sweep SET answered = $3, named = $4 WHERE tenant_id = $1 AND sweep_id = $2', [
      tx.tenantId,
      sweepId,
      answered,
      named,
    ]);
  }

  async end(tx: Tx, sweepId: string): Promise<void> {
    await tx.query('DELETE FROM object_sweep WHERE tenant_id = $1 AND sweep_id = $2', [tx.tenantId, sweepId]);
  }

  async keepObjects(tx: Tx): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [lockOf(tx)]);
  }

  async claimObjects(tx: Tx): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockOf(tx)]);
  }
}

const lockOf = (tx: Tx): string => `objects/${tx.tenantId}`;
