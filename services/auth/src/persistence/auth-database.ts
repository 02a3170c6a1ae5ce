import { Database, infrastructureMigration, type DatabaseOptions } from '@myriad/persistence';
import { ApprovalRow } from './approval.row.js';
import { KeyRow } from './key.row.js';
import { Identity1764000000000 } from './migrations/1764000000000-identity.js';
import { ApprovalsAndAudit1764000000001 } from './migrations/1764000000001-approvals-and-audit.js';
import { Logins1764000000002 } from './migrations/1764000000002-logins.js';
import { TenantPurge1764000000003 } from './migrations/1764000000003-tenant-purge.js';
import { PrincipalRow } from './principal.row.js';
import { SigningKeyRow } from './signing-key.row.js';
import { TenantPurgeRow } from './tenant-purge.row.js';
import { TenantRow } from './tenant.row.js';

/** Opens auth's database, migrated. */
export function openAuthDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [TenantRow, TenantPurgeRow, PrincipalRow, KeyRow, SigningKeyRow, ApprovalRow],
    migrations: [
      infrastructureMigration('auth'),
      Identity1764000000000,
      ApprovalsAndAudit1764000000001,
      Logins1764000000002,
      TenantPurge1764000000003,
    ],
  });
}
