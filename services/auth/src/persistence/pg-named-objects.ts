import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { NamedObjects } from '../application/ports/named-objects.js';

const AMONG = `
  SELECT DISTINCT evidence_digest AS digest FROM approval WHERE evidence_digest = ANY ($1)`;

/** The evidence that approvals are decided on. The audit chain only remembers digests. */
@Injectable()
export class PgNamedObjects extends NamedObjects {
  async among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]> {
    return (await tx.query<{ digest: Digest }>(AMONG, [digests])).map(({ digest }) => digest);
  }
}
