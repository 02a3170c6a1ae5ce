import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { NamedObjects } from '../application/ports.js';

/** Every column that names an object which this service stored. A new one has to be added: what is not named is collected. */
const AMONG = `
  SELECT evidence_digest AS digest FROM evaluation WHERE evidence_digest = ANY ($1)
  UNION SELECT evidence_digest AS digest FROM promotion WHERE evidence_digest = ANY ($1)
  UNION SELECT evidence_digest AS digest FROM approval_view WHERE evidence_digest = ANY ($1)
  UNION SELECT digest FROM campaign, unnest($1::text[]) AS digest WHERE strpos(body::text, digest) > 0`;

/** What evaluations, promotions and campaigns, and what was put before people to approve, name. */
@Injectable()
export class SqlNamedObjects implements NamedObjects {
  async among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]> {
    return (await tx.query<{ digest: Digest }>(AMONG, [digests])).map(({ digest }) => digest);
  }
}
