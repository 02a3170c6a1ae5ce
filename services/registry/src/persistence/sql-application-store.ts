import type { Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ApplicationStore } from '../application/ports.js';
import type { Application } from '../domain/application.js';

interface ApplicationRecord {
  body: Omit<Application, 'createdAt'> & { readonly createdAt: string };
}

const toApplication = ({ body }: ApplicationRecord): Application => ({ ...body, createdAt: new Date(body.createdAt) });

@Injectable()
export class SqlApplicationStore implements ApplicationStore {
  async insert(tx: Tx, application: Application): Promise<boolean> {
    const rows = await tx.query(
      'INSERT INTO application (tenant_id, name, body) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING 1',
      [tx.tenantId, application.name, JSON.stringify(application)],
    );
    return rows.length === 1;
  }

  async update(tx: Tx, application: Application): Promise<void> {
    await tx.query('UPDATE application SET body = $3 WHERE tenant_id = $1 AND name = $2', [
      tx.tenantId,
      application.name,
      JSON.stringify(application),
    ]);
  }

  async find(tx: Tx, name: string): Promise<Application | undefined> {
    const [row] = await tx.query<ApplicationRecord>('SELECT body FROM application WHERE name = $1', [name]);
    return row && toApplication(row);
  }

  async lock(tx: Tx, name: string): Promise<Application | undefined> {
    const [row] = await tx.query<ApplicationRecord>(
      'SELECT body FROM application WHERE tenant_id = $1 AND name = $2 FOR UPDATE',
      [tx.tenantId, name],
    );
    return row && toApplication(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Application>> {
    const rows = await tx.query<ApplicationRecord>(
      'SELECT body FROM application WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toApplication, ({ name }) => name);
  }
}
