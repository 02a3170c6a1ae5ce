import { servingRoutes, type RouteQuery as QueryOf, type RouteResponse } from '@myriad/contracts';
import { Ctx, Handle, RouteQuery } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller, Inject } from '@nestjs/common';
import { ExplainServing, evictionReason, type Explanation, type TrialView } from '../application/explain-serving.js';
import type { VersionStatistics } from '../domain/model-statistics.js';
import { assertMayRead } from '../application/may-read.js';

export const REPLICA_ID = Symbol('ReplicaId');

type Answer = RouteResponse<typeof servingRoutes.explainServing>;

/** How versions are served, for those who ask why. */
@Controller()
export class ServingController {
  constructor(
    private readonly explainServing: ExplainServing,
    @Inject(REPLICA_ID) private readonly replicaId: string,
  ) {}

  @Handle(servingRoutes.explainServing)
  explain(@Ctx() ctx: RequestContext, @RouteQuery() { model }: QueryOf<typeof servingRoutes.explainServing>): Answer {
    assertMayRead(ctx);
    return { ...answerOf(this.explainServing.execute(ctx, model)), replicaId: this.replicaId };
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function presentTrial(trial: TrialView, servedVersion: number): Answer['trial'] {
  const { mode, percent, isInMemory, placement, served, tried, comparison } = trial;
  const countsOf = (version: number, { requests, failures, inferMicros }: VersionStatistics) => ({
    ...{ version, requests, failures, inferMicros },
  });
  const { compared, different, failed, skipped, servedMicros, candidateMicros, maxDifference } = comparison;
  return {
    ...{ mode, percent, isInMemory },
    served: countsOf(servedVersion, served),
    tried: countsOf(placement.version, tried),
    comparison: {
      ...{ compared, different, failed, skipped, servedMicros, candidateMicros },
      maxDifference: Number.isFinite(maxDifference) ? maxDifference : null,
    },
  };
}

function answerOf(explanation: Explanation): Omit<Answer, 'replicaId'> {
  const { placement, place, reason, runtime, residence, pending, trial, refusal, loads, eviction } = explanation;
  const { modelName: model, version, versionId, environment, pool, rolloutId, generation, serving } = placement;
  return {
    model,
    version,
    versionId,
    environment: environment as Answer['environment'],
    pool,
    rolloutId,
    generation,
    place,
    reason,
    runtime,
    serving: serving ?? null,
    memoryBytes: residence.memoryBytes,
    tenantMemoryBytes: residence.tenantBytes,
    uses: residence.uses,
    pendingVersion: pending?.version ?? null,
    trial: trial === undefined ? null : presentTrial(trial, version),
    refusal:
      refusal === undefined
        ? null
        : { version: refusal.version, reason: refusal.reason, retryAt: timeOf(refusal.untilMs) },
    loads: loads.map((load) => ({
      startedAt: timeOf(load.startedAtMs),
      tookMs: load.tookMs,
      from: load.from,
      reason: load.reason,
    })),
    eviction:
      eviction === undefined
        ? null
        : { at: timeOf(eviction.atMs), uses: eviction.uses, reason: evictionReason(eviction) },
  };
}
