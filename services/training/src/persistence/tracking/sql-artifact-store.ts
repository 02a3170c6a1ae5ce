import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ArtifactEntry, ArtifactStore } from '../../application/tracking/ports.js';

interface StoredObject {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Sorts after every path below a folder, and before whatever follows: `0` comes after `/`. */
const endOf = (folder: string): string => `${folder}0`;

/** Paths are compared by bytes, so that all below a folder stand together. */
@Injectable()
export class SqlArtifactStore implements ArtifactStore {
  async put(tx: Tx, path: string, { digest, sizeBytes }: StoredObject, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO artifact (tenant_id, path, digest, size_bytes, created_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, path) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes, created_at = excluded.created_at`,
      [tx.tenantId, path, digest, sizeBytes, now],
    );
  }

  async find(tx: Tx, path: string): Promise<StoredObject | undefined> {
    const sql = 'SELECT digest, size_bytes FROM artifact WHERE tenant_id = $1 AND path = $2';
    const [row] = await tx.query<{ digest: Digest; size_bytes: string }>(sql, [tx.tenantId, path]);
    return row && { digest: row.digest, sizeBytes: Number(row.size_bytes) };
  }

  async list(tx: Tx, folder: string): Promise<readonly ArtifactEntry[]> {
    const prefix = folder === '' ? '' : `${folder}/`;
    const rows = await tx.query<{ name: string; size_bytes: string | null }>(
      `SELECT split_part(rest, '/', 1) AS name, max(size_bytes) FILTER (WHERE position('/' IN rest) = 0) AS size_bytes
       FROM (
         SELECT substr(path, char_length($2) + 1) AS rest, size_bytes FROM artifact
         WHERE tenant_id = $1 AND ($2 = '' OR (path > $2 AND path < $3))
       ) AS below GROUP BY 1 ORDER BY 1`,
      [tx.tenantId, prefix, endOf(folder)],
    );
    return rows.map(({ name, size_bytes: size }) => ({ name, sizeBytes: size === null ? null : Number(size) }));
  }

  async delete(tx: Tx, path: string): Promise<boolean> {
    const rows = await tx.query(
      'DELETE FROM artifact WHERE tenant_id = $1 AND (path = $2 OR (path > $3 AND path < $4)) RETURNING 1',
      [tx.tenantId, path, `${path}/`, endOf(path)],
    );
    return rows.length > 0;
  }
}
