import { type Clock, systemClock } from '@myriad/kernel';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DuckdbFileInspector } from './adapters/duckdb/duckdb-file-inspector.js';
import { OnnxModelInspector } from './adapters/onnx/onnx-model-inspector.js';
import { AdmitVersion } from './application/admit-version.js';
import { ManageApplications } from './application/manage-applications.js';
import { ManageDatasets } from './application/manage-datasets.js';
import { ManageGrants } from './application/manage-grants.js';
import { ManageModels } from './application/manage-models.js';
import {
  ALIAS_STORE,
  APPLICATION_STORE,
  CLOCK,
  DATASET_STORE,
  FILE_INSPECTOR,
  GRANT_STORE,
  LOGGER,
  MODEL_INSPECTOR,
  MODEL_STORE,
  OBJECT_STORE,
  VERSION_STORE,
} from './application/ports.js';
import { ManageTenantKeys } from './application/manage-tenant-keys.js';
import { RegisterVersion } from './application/register-version.js';
import { WorkLoop } from './application/work-loop.js';
import { DatasetController } from './http/dataset.controller.js';
import { ModelController } from './http/model.controller.js';
import { RegistryHandlers } from './messaging/registry.handlers.js';
import { TenantKeyHandlers } from './messaging/tenant-key.handlers.js';
import { SqlApplicationStore } from './persistence/sql-application-store.js';
import { SqlDatasetStore } from './persistence/sql-dataset-store.js';
import { SqlGrantStore } from './persistence/sql-grant-store.js';
import { SqlAliasStore, SqlModelStore } from './persistence/sql-model-store.js';
import { SqlVersionStore } from './persistence/sql-version-store.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface RegistryParts {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const useCases = [
  AdmitVersion,
  ManageApplications,
  ManageDatasets,
  ManageGrants,
  ManageModels,
  ManageTenantKeys,
  RegisterVersion,
  WorkLoop,
];

const stores: Provider[] = [
  { provide: DATASET_STORE, useClass: SqlDatasetStore },
  { provide: GRANT_STORE, useClass: SqlGrantStore },
  { provide: APPLICATION_STORE, useClass: SqlApplicationStore },
  { provide: MODEL_STORE, useClass: SqlModelStore },
  { provide: VERSION_STORE, useClass: SqlVersionStore },
  { provide: ALIAS_STORE, useClass: SqlAliasStore },
];

function adapters({ database, store, logger, clock = systemClock }: RegistryParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: OBJECT_STORE, useValue: store },
    { provide: FILE_INSPECTOR, useValue: new DuckdbFileInspector() },
    { provide: MODEL_INSPECTOR, useValue: new OnnxModelInspector() },
  ];
}

@Module({ controllers: [DatasetController, ModelController, RegistryHandlers, TenantKeyHandlers] })
export class AppModule {
  static with(parts: RegistryParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...stores, ...adapters(parts)] };
  }
}
