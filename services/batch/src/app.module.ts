import { GrantView } from '@myriad/grants';
import { type Clock, systemClock } from '@myriad/kernel';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { OnnxScoring } from './adapters/scoring/onnx-scoring.js';
import { ManageJobs } from './application/manage-jobs.js';
import {
  BATCH_JOB_STORE,
  CLOCK,
  LOGGER,
  NAMED_OBJECTS,
  OBJECT_STORE,
  SCORING,
  VIEW_STORE,
  WORKERS,
} from './application/ports.js';
import { RunJob } from './application/run-job.js';
import { SweepParts } from './application/sweep-parts.js';
import { WorkLoop } from './application/work-loop.js';
import { BatchController } from './http/batch.controller.js';
import { ObjectHandlers } from './messaging/object.handlers.js';
import { BatchHandlers } from './messaging/batch.handlers.js';
import { SqlBatchJobStore } from './persistence/sql-batch-job-store.js';
import { SqlViewStore } from './persistence/sql-view-store.js';
import { SqlNamedObjects } from './persistence/sql-named-objects.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface BatchParts {
  readonly database: Database;
  readonly store: ObjectStore;
  /** An existing folder for work in progress. */
  readonly scratchFolder: string;
  readonly logger: Logger;
  /** Jobs that run side by side. Default 2. */
  readonly workers?: number;
  readonly clock?: Clock;
}

function adapters({
  database,
  store,
  scratchFolder,
  logger,
  workers = 2,
  clock = systemClock,
}: BatchParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: WORKERS, useValue: workers },
    { provide: OBJECT_STORE, useValue: store },
    { provide: SCORING, useValue: new OnnxScoring(store, scratchFolder) },
    { provide: BATCH_JOB_STORE, useClass: SqlBatchJobStore },
    { provide: VIEW_STORE, useClass: SqlViewStore },
    { provide: NAMED_OBJECTS, useClass: SqlNamedObjects },
  ];
}

@Module({ controllers: [BatchController, ObjectHandlers, BatchHandlers] })
export class AppModule {
  static with(parts: BatchParts): DynamicModule {
    return { module: AppModule, providers: [GrantView, ManageJobs, RunJob, SweepParts, WorkLoop, ...adapters(parts)] };
  }
}
