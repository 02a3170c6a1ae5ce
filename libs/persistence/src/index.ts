export { databaseConfig } from './config.js';
export { Database, type DatabaseOptions } from './database.js';
export { IdempotencyStore, type IdempotencyClaim, type IdempotencyOptions } from './idempotency-store.js';
export { infrastructureMigration, type MigrationClass } from './infrastructure-migration.js';
export { decodeCursor, encodeCursor, pageOfRows, startOf, type CursorValue } from './keyset.js';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
export { type OutboxRecord } from './outbox-session.js';
export { type PersistenceLogger } from './persistence-logger.js';
export {
  isForeignKeyViolation,
  isInsufficientPrivilege,
  isTransient,
  isUnavailable,
  isUniqueViolation,
} from './pg-errors.js';
export { type PoolState } from './pool-state.js';
export { ACROSS_TENANTS, TENANT_SETTING, tenantTable } from './tenant-table.js';
export { type EmitOptions, type Tx } from './tx.js';
export { UnitOfWork, type AcrossOptions, type HandleOptions, type RunOptions } from './unit-of-work.js';
export { isOutage, waitOutOutage, type OutagePatience } from './wait-out-outage.js';
