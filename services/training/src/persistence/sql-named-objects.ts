import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { NamedObjects } from '../application/ports.js';

/** Every column that names an object which this service stored. A new one has to be added: what is not named is collected. */
const AMONG = `
  SELECT source_digest AS digest FROM recipe WHERE source_digest = ANY ($1)
  UNION SELECT spec->'source'->>'digest' AS digest FROM job WHERE spec->'source'->>'digest' = ANY ($1)
  UNION SELECT artifact_digest AS digest FROM run WHERE artifact_digest = ANY ($1)
  UNION SELECT parity_digest AS digest FROM run WHERE parity_digest = ANY ($1)
  UNION SELECT digest FROM artifact WHERE digest = ANY ($1)`;

/** What recipes, jobs, runs and their artifacts name. */
@Injectable()
export class SqlNamedObjects implements NamedObjects {
  async among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]> {
    return (await tx.query<{ digest: Digest }>(AMONG, [digests])).map(({ digest }) => digest);
  }
}
