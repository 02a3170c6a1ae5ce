import type { EventData, placementChangedV1, poolChangedV1 } from '@myriad/contracts';
import { hashText } from '@myriad/placement';
import { Injectable } from '@nestjs/common';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { RoundRobin } from '../domain/round-robin.js';
import { InFlight } from './in-flight.js';
import { Outages } from './outages.js';
import { PoolReplicas, type Asked } from './pool-replicas.js';

export interface PlacedModel {
  readonly tenantId: string;
  readonly environment: string;
  readonly modelName: string;
}

interface Placed {
  /** `environment/pool`; empty when the model is served no more. */
  readonly pool: string;
  readonly generation: number;
  readonly asked: Asked;
}

/** Which pool serves a tenant's model, and where its replicas answer; from the deployer's events. */
@Injectable()
export class PlacementTable {
  /** `tenant/environment/model` → pool. */
  private readonly placements = new Map<string, Placed>();
  /** `environment/pool` → its replicas. */
  private readonly pools = new Map<string, PoolReplicas>();
  /** environment → base URLs of all its pools. */
  private readonly environments = new Map<string, RoundRobin<string>>();
  private readonly endpoints = new Map<string, { readonly environment: string; readonly urls: readonly string[] }>();

  constructor(
    private readonly outages: Outages,
    private readonly inFlight: InFlight,
  ) {}

  setPlacement(data: EventData<typeof placementChangedV1>): void {
    const { tenantId, environment, modelName, pool, status, generation } = data;
    const key = `${tenantId}/${environment}/${modelName}`;
    const known = this.placements.get(key);
    if ((known?.generation ?? 0) > generation) return;
    const asked = known?.asked ?? { hash: hashText(key) | 0 };
    this.placements.set(key, { pool: status === 'active' ? `${environment}/${pool}` : '', generation, asked });
  }

  setPool({ environment, pool, endpoints }: EventData<typeof poolChangedV1>): void {
    const replicas = endpoints.map(({ replicaId, url }) => ({ replicaId, url: new URL(url).origin }));
    const urls = replicas.map(({ url }) => url);
    const key = `${environment}/${pool}`;
    const known = this.pools.get(key) ?? new PoolReplicas(this.outages, this.inFlight);
    known.setReplicas(replicas);
    this.pools.set(key, known);
    this.endpoints.set(key, { environment, urls });
    const all = [...this.endpoints.values()].filter((entry) => entry.environment === environment);
    this.environments.set(environment, new RoundRobin(all.flatMap((entry) => entry.urls)));
  }

  /** Every replica that the deployer names. */
  replicas(): readonly { readonly environment: string; readonly pool: string; readonly url: string }[] {
    return [...this.endpoints].flatMap(([key, { environment, urls }]) =>
      urls.map((url) => ({ environment, pool: key.slice(environment.length + 1), url })),
    );
  }

  /** The base URL of the replica that owns the model, or of another when that one is busy or away, none of `tried` if there is another. @throws {ProblemError} `gateway.model_not_placed`, `gateway.no_replica`. */
  replicaOf(model: PlacedModel, tried: ReadonlySet<string>): string {
    const { tenantId, environment, modelName } = model;
    const placed = this.placements.get(`${tenantId}/${environment}/${modelName}`);
    if (placed === undefined || placed.pool === '')
      throw gatewayProblem(
        'not-found',
        'model_not_placed',
        `tenant '${tenantId}' has no model of that name in environment '${environment}'; promote a version of it first`,
      );
    return this.pools.get(placed.pool)?.take(placed.asked, tried) ?? nobodyIsUp(environment);
  }

  /** The base URL of any replica of the environment, none of `tried` if there is another. @throws {ProblemError} `gateway.no_replica`. */
  anyReplica(environment: string, tried: ReadonlySet<string>): string {
    const urls = this.environments.get(environment);
    const url = urls?.take((one) => (tried.has(one) ? 2 : this.outages.isAvoided(one) ? 1 : 0));
    return url ?? nobodyIsUp(environment);
  }
}

function nobodyIsUp(environment: string): never {
  const detail = `no replica is up in environment '${environment}'; try again in a moment`;
  throw gatewayProblem('unavailable', 'no_replica', detail, { retryAfterSeconds: 1 });
}
