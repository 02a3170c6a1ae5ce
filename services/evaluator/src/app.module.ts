import { type Clock, systemClock } from '@myriad/kernel';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DuckdbDatasetReader } from './adapters/duckdb/duckdb-dataset-reader.js';
import { ObjectEvidenceVault } from './adapters/objects/object-evidence-vault.js';
import { OnnxScorer } from './adapters/onnx/onnx-scorer.js';
import { CreateSuite } from './application/create-suite.js';
import { ManageCampaign } from './application/manage-campaign.js';
import {
  CAMPAIGN_STORE,
  CLOCK,
  DATASET_READER,
  EVALUATION_STORE,
  EVIDENCE_VAULT,
  LOGGER,
  NAMED_OBJECTS,
  PROMOTION_STORE,
  SCORER,
  SUITE_STORE,
  VIEW_STORE,
} from './application/ports.js';
import { RequestPromotion } from './application/promote.js';
import { QueueEvaluation } from './application/queue-evaluation.js';
import { ReadState } from './application/read-state.js';
import { Reconcile } from './application/reconcile.js';
import { RunEvaluation } from './application/run-evaluation.js';
import { WorkLoop } from './application/work-loop.js';
import { EvaluationController } from './http/evaluation.controller.js';
import { PromotionController } from './http/promotion.controller.js';
import { ObjectHandlers } from './messaging/object.handlers.js';
import { EvaluatorHandlers } from './messaging/evaluator.handlers.js';
import { SqlCampaignStore } from './persistence/sql-campaign-store.js';
import { SqlEvaluationStore } from './persistence/sql-evaluation-store.js';
import { SqlPromotionStore } from './persistence/sql-promotion-store.js';
import { SqlSuiteStore } from './persistence/sql-suite-store.js';
import { SqlViewStore } from './persistence/sql-view-store.js';
import { SqlNamedObjects } from './persistence/sql-named-objects.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface EvaluatorParts {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const useCases = [
  CreateSuite,
  ManageCampaign,
  QueueEvaluation,
  ReadState,
  Reconcile,
  RequestPromotion,
  RunEvaluation,
  WorkLoop,
];

const stores: Provider[] = [
  { provide: SUITE_STORE, useClass: SqlSuiteStore },
  { provide: VIEW_STORE, useClass: SqlViewStore },
  { provide: EVALUATION_STORE, useClass: SqlEvaluationStore },
  { provide: PROMOTION_STORE, useClass: SqlPromotionStore },
  { provide: CAMPAIGN_STORE, useClass: SqlCampaignStore },
  { provide: NAMED_OBJECTS, useClass: SqlNamedObjects },
];

function adapters({ database, store, logger, clock = systemClock }: EvaluatorParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: DATASET_READER, useValue: new DuckdbDatasetReader(store) },
    { provide: SCORER, useValue: new OnnxScorer(store) },
    { provide: EVIDENCE_VAULT, useValue: new ObjectEvidenceVault(store) },
  ];
}

@Module({ controllers: [EvaluationController, PromotionController, ObjectHandlers, EvaluatorHandlers] })
export class AppModule {
  static with(parts: EvaluatorParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...stores, ...adapters(parts)] };
  }
}
