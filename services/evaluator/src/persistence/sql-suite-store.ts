import type { Digest, Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { SuiteStore } from '../application/ports.js';
import type { Suite } from '../domain/suite.js';

interface SuiteRecord {
  name: string;
  version: number;
  suite_id: string;
  digest: Digest;
  spec: Omit<Suite, 'suiteId' | 'version' | 'digest' | 'createdAt'>;
  created_at: Date;
}

function toSuite(row: SuiteRecord): Suite {
  return { ...row.spec, suiteId: row.suite_id, version: row.version, digest: row.digest, createdAt: row.created_at };
}

@Injectable()
export class SqlSuiteStore implements SuiteStore {
  async newest(tx: Tx, name: string): Promise<Suite | undefined> {
    const [row] = await tx.query<SuiteRecord>('SELECT * FROM suite WHERE name = $1 ORDER BY version DESC LIMIT 1', [
      name,
    ]);
    return row && toSuite(row);
  }

  async newestLocked(tx: Tx, name: string): Promise<Suite | undefined> {
    // a name that may not exist yet has no row to lock
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`suite/${name}`]);
    return this.newest(tx, name);
  }

  async find(tx: Tx, name: string, version: number): Promise<Suite | undefined> {
    const [row] = await tx.query<SuiteRecord>('SELECT * FROM suite WHERE name = $1 AND version = $2', [name, version]);
    return row && toSuite(row);
  }

  async insert(tx: Tx, suite: Suite): Promise<void> {
    const { suiteId, version, digest, createdAt, ...spec } = suite;
    await tx.query(
      'INSERT INTO suite (tenant_id, name, version, suite_id, digest, spec, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [tx.tenantId, suite.name, version, suiteId, digest, JSON.stringify(spec), createdAt],
    );
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Suite>> {
    const rows = await tx.query<SuiteRecord>(
      'SELECT DISTINCT ON (name) * FROM suite WHERE ($1::text IS NULL OR name > $1) ORDER BY name, version DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toSuite, ({ name }) => name);
  }
}
