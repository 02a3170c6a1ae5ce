import { GrantView } from '@myriad/grants';
import { type Clock, systemClock } from '@myriad/kernel';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { AjvParameterCheck } from './adapters/schema/ajv-parameter-check.js';
import { EndRun } from './application/end-run.js';
import { ManageRecipes } from './application/manage-recipes.js';
import {
  CLOCK,
  EXPERIMENT_STORE,
  FLEET_RUN_STORE,
  JOB_EVENT_STORE,
  JOB_RUNNER,
  JOB_STORE,
  type JobRunner,
  LOGGER,
  MAX_PARALLEL_JOBS,
  NAMED_OBJECTS,
  OBJECT_STORE,
  PARAMETER_CHECK,
  RECIPE_STORE,
  RUN_STORE,
  VIEW_STORE,
} from './application/ports.js';
import { ReadState } from './application/read-state.js';
import { RunJobs } from './application/run-jobs.js';
import { SubmitFleetRun } from './application/submit-fleet-run.js';
import { SubmitJob } from './application/submit-job.js';
import { TrackRuns } from './application/track-runs.js';
import { KeepArtifacts } from './application/tracking/keep-artifacts.js';
import { LogModels } from './application/tracking/log-models.js';
import { LogRunData } from './application/tracking/log-run-data.js';
import {
  ARTIFACT_STORE,
  LOGGED_MODEL_STORE,
  RUN_DATA_STORE,
  TRACKED_EXPERIMENT_STORE,
  TRACKED_RUN_STORE,
} from './application/tracking/ports.js';
import { TrackExperiments } from './application/tracking/track-experiments.js';
import { TrackMlflowRuns } from './application/tracking/track-mlflow-runs.js';
import { WorkLoop } from './application/work-loop.js';
import { FleetRunController } from './http/fleet-run.controller.js';
import { JobController } from './http/job.controller.js';
import { MlflowArtifactController } from './http/mlflow/artifact.controller.js';
import { MlflowExperimentController } from './http/mlflow/experiment.controller.js';
import { MlflowLogController } from './http/mlflow/log.controller.js';
import { MlflowModelController } from './http/mlflow/model.controller.js';
import { MlflowRunController } from './http/mlflow/run.controller.js';
import { MlflowServerController } from './http/mlflow/server.controller.js';
import { RunController } from './http/run.controller.js';
import { ObjectHandlers } from './messaging/object.handlers.js';
import { TrainingHandlers } from './messaging/training.handlers.js';
import { SqlExperimentStore } from './persistence/sql-experiment-store.js';
import { SqlFleetRunStore } from './persistence/sql-fleet-run-store.js';
import { SqlJobEventStore } from './persistence/sql-job-event-store.js';
import { SqlJobStore } from './persistence/sql-job-store.js';
import { SqlRecipeStore } from './persistence/sql-recipe-store.js';
import { SqlRunStore } from './persistence/sql-run-store.js';
import { SqlViewStore } from './persistence/sql-view-store.js';
import { SqlNamedObjects } from './persistence/sql-named-objects.js';
import { SqlArtifactStore } from './persistence/tracking/sql-artifact-store.js';
import { SqlLoggedModelStore } from './persistence/tracking/sql-logged-model-store.js';
import { SqlRunDataStore } from './persistence/tracking/sql-run-data-store.js';
import { SqlTrackedExperimentStore } from './persistence/tracking/sql-tracked-experiment-store.js';
import { SqlTrackedRunStore } from './persistence/tracking/sql-tracked-run-store.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface TrainingParts {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly runner: JobRunner;
  readonly maxParallelJobs: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const useCases = [EndRun, GrantView, ManageRecipes, ReadState, RunJobs, SubmitFleetRun, SubmitJob, TrackRuns, WorkLoop];

const tracking = [KeepArtifacts, LogModels, LogRunData, TrackExperiments, TrackMlflowRuns];

const stores: Provider[] = [
  { provide: RECIPE_STORE, useClass: SqlRecipeStore },
  { provide: JOB_STORE, useClass: SqlJobStore },
  { provide: RUN_STORE, useClass: SqlRunStore },
  { provide: FLEET_RUN_STORE, useClass: SqlFleetRunStore },
  { provide: JOB_EVENT_STORE, useClass: SqlJobEventStore },
  { provide: EXPERIMENT_STORE, useClass: SqlExperimentStore },
  { provide: VIEW_STORE, useClass: SqlViewStore },
  { provide: NAMED_OBJECTS, useClass: SqlNamedObjects },
  { provide: TRACKED_EXPERIMENT_STORE, useClass: SqlTrackedExperimentStore },
  { provide: TRACKED_RUN_STORE, useClass: SqlTrackedRunStore },
  { provide: RUN_DATA_STORE, useClass: SqlRunDataStore },
  { provide: ARTIFACT_STORE, useClass: SqlArtifactStore },
  { provide: LOGGED_MODEL_STORE, useClass: SqlLoggedModelStore },
];

function adapters({
  database,
  store,
  runner,
  maxParallelJobs,
  logger,
  clock = systemClock,
}: TrainingParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: OBJECT_STORE, useValue: store },
    { provide: JOB_RUNNER, useValue: runner },
    { provide: PARAMETER_CHECK, useValue: new AjvParameterCheck() },
    { provide: MAX_PARALLEL_JOBS, useValue: maxParallelJobs },
  ];
}

const mlflow = [
  MlflowArtifactController,
  MlflowExperimentController,
  MlflowLogController,
  MlflowModelController,
  MlflowRunController,
  MlflowServerController,
];

@Module({
  controllers: [FleetRunController, JobController, RunController, ...mlflow, ObjectHandlers, TrainingHandlers],
})
export class AppModule {
  static with(parts: TrainingParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...tracking, ...stores, ...adapters(parts)] };
  }
}
