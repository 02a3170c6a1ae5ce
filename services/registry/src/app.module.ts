import { type Clock, systemClock } from '@myriad/kernel';
import type { EventLog } from '@myriad/messaging';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DuckdbFileInspector } from './adapters/duckdb/duckdb-file-inspector.js';
import { OnnxModelInspector } from './adapters/onnx/onnx-model-inspector.js';
import { AliasCache } from './application/alias-cache.js';
import { AdmitVersion } from './application/admit-version.js';
import { BulkModels } from './application/bulk-models.js';
import { CollectOrphans, type SweepSettings } from './application/collect-orphans.js';
import { FindModels } from './application/find-models.js';
import { ManageApplications } from './application/manage-applications.js';
import { ManageDatasets } from './application/manage-datasets.js';
import { ManageGrants } from './application/manage-grants.js';
import { ManageModels } from './application/manage-models.js';
import { MoveAliases } from './application/move-aliases.js';
import {
  ALIAS_STORE,
  APPLICATION_STORE,
  BULK_STORE,
  CLOCK,
  DATASET_STORE,
  EVENT_LOG,
  FILE_INSPECTOR,
  GRANT_STORE,
  LOGGER,
  MODEL_INSPECTOR,
  type ModelInspector,
  MODEL_STORE,
  OBJECT_STORE,
  OBJECT_SWEEP_STORE,
  SEARCH_STORE,
  SWEEP_SETTINGS,
  TAG_STORE,
  VERSION_STORE,
} from './application/ports.js';
import { ManageTenantKeys } from './application/manage-tenant-keys.js';
import { OrphanLoop } from './application/orphan-loop.js';
import { ReadAlias } from './application/read-alias.js';
import { RegisterVersion } from './application/register-version.js';
import { SearchModels } from './application/search-models.js';
import { Uploads } from './application/uploads.js';
import { WorkLoop } from './application/work-loop.js';
import { BulkController } from './http/bulk.controller.js';
import { DatasetController } from './http/dataset.controller.js';
import { AliasController } from './http/alias.controller.js';
import { AliasRoutes } from './http/alias.routes.js';
import { ApplicationController } from './http/application.controller.js';
import { ModelController } from './http/model.controller.js';
import { VersionController } from './http/version.controller.js';
import { AliasTail } from './messaging/alias-tail.js';
import { ObjectHandlers } from './messaging/object.handlers.js';
import { RegistryHandlers } from './messaging/registry.handlers.js';
import { TenantKeyHandlers } from './messaging/tenant-key.handlers.js';
import { SqlAliasStore } from './persistence/sql-alias-store.js';
import { SqlApplicationStore } from './persistence/sql-application-store.js';
import { SqlBulkStore } from './persistence/sql-bulk-store.js';
import { SqlDatasetStore } from './persistence/sql-dataset-store.js';
import { SqlGrantStore } from './persistence/sql-grant-store.js';
import { SqlModelStore } from './persistence/sql-model-store.js';
import { SqlObjectSweepStore } from './persistence/sql-object-sweep-store.js';
import { SqlSearchStore } from './persistence/sql-search-store.js';
import { SqlTagStore } from './persistence/sql-tag-store.js';
import { SqlVersionStore } from './persistence/sql-version-store.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface RegistryParts {
  readonly database: Database;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly logger: Logger;
  /** Default: a grace of a day, and a look each hour. */
  readonly sweep?: SweepSettings;
  readonly clock?: Clock;
  /** Default: in this process. Files of strangers belong into another one. */
  readonly modelInspector?: ModelInspector;
}

const useCases = [
  AdmitVersion,
  AliasCache,
  AliasRoutes,
  AliasTail,
  BulkModels,
  CollectOrphans,
  FindModels,
  ManageApplications,
  ManageDatasets,
  ManageGrants,
  ManageModels,
  ManageTenantKeys,
  MoveAliases,
  OrphanLoop,
  ReadAlias,
  RegisterVersion,
  SearchModels,
  Uploads,
  WorkLoop,
];

const stores: Provider[] = [
  { provide: DATASET_STORE, useClass: SqlDatasetStore },
  { provide: GRANT_STORE, useClass: SqlGrantStore },
  { provide: APPLICATION_STORE, useClass: SqlApplicationStore },
  { provide: MODEL_STORE, useClass: SqlModelStore },
  { provide: VERSION_STORE, useClass: SqlVersionStore },
  { provide: OBJECT_SWEEP_STORE, useClass: SqlObjectSweepStore },
  { provide: BULK_STORE, useClass: SqlBulkStore },
  { provide: TAG_STORE, useClass: SqlTagStore },
  { provide: SEARCH_STORE, useClass: SqlSearchStore },
  { provide: ALIAS_STORE, useClass: SqlAliasStore },
];

const DAILY: SweepSettings = { graceMs: 86_400_000, intervalMs: 3_600_000 };

function adapters({
  database,
  log,
  store,
  logger,
  sweep = DAILY,
  clock = systemClock,
  modelInspector = new OnnxModelInspector(),
}: RegistryParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: EVENT_LOG, useValue: log },
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: OBJECT_STORE, useValue: store },
    { provide: SWEEP_SETTINGS, useValue: sweep },
    { provide: FILE_INSPECTOR, useValue: new DuckdbFileInspector() },
    { provide: MODEL_INSPECTOR, useValue: modelInspector },
  ];
}

@Module({
  controllers: [
    AliasController,
    ApplicationController,
    BulkController,
    DatasetController,
    ModelController,
    ObjectHandlers,
    RegistryHandlers,
    TenantKeyHandlers,
    VersionController,
  ],
})
export class AppModule {
  static with(parts: RegistryParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...stores, ...adapters(parts)] };
  }
}
