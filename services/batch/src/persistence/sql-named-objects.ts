import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { NamedObjects } from '../application/ports.js';

/** Every column that names an object which this service stored. A new one has to be added: what is not named is collected. */
const AMONG = `
  SELECT output->>'digest' AS digest FROM batch_job WHERE output->>'digest' = ANY ($1)
  UNION SELECT errors->>'digest' AS digest FROM batch_job WHERE errors->>'digest' = ANY ($1)
  UNION SELECT output_digest AS digest FROM batch_shard WHERE output_digest = ANY ($1)
  UNION SELECT errors_digest AS digest FROM batch_shard WHERE errors_digest = ANY ($1)`;

/** What jobs and their shards name. */
@Injectable()
export class SqlNamedObjects implements NamedObjects {
  async among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]> {
    return (await tx.query<{ digest: Digest }>(AMONG, [digests])).map(({ digest }) => digest);
  }
}
