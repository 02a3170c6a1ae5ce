import type { EventData, placementChangedV1, poolChangedV1 } from '@myriad/contracts';
import { Injectable } from '@nestjs/common';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { RoundRobin } from '../domain/round-robin.js';
import { Outages } from './outages.js';

export interface PlacedModel {
  readonly tenantId: string;
  readonly environment: string;
  readonly modelName: string;
}

/** Which pool serves a tenant's model, and where its replicas answer; from the deployer's events. */
@Injectable()
export class PlacementTable {
  /** `tenant/environment/model` → pool. */
  private readonly placements = new Map<string, { readonly pool: string; readonly generation: number }>();
  /** `environment/pool` → base URLs. */
  private readonly pools = new Map<string, RoundRobin<string>>();
  /** environment → base URLs of all its pools. */
  private readonly environments = new Map<string, RoundRobin<string>>();
  private readonly endpoints = new Map<string, { readonly environment: string; readonly urls: readonly string[] }>();

  constructor(private readonly outages: Outages) {}

  setPlacement(data: EventData<typeof placementChangedV1>): void {
    const { tenantId, environment, modelName, pool, status, generation } = data;
    const key = `${tenantId}/${environment}/${modelName}`;
    if ((this.placements.get(key)?.generation ?? 0) > generation) return;
    this.placements.set(key, { pool: status === 'active' ? `${environment}/${pool}` : '', generation });
  }

  setPool({ environment, pool, endpoints }: EventData<typeof poolChangedV1>): void {
    const urls = endpoints.map(({ url }) => new URL(url).origin);
    this.pools.set(`${environment}/${pool}`, new RoundRobin(urls));
    this.endpoints.set(`${environment}/${pool}`, { environment, urls });
    const all = [...this.endpoints.values()].filter((entry) => entry.environment === environment);
    this.environments.set(environment, new RoundRobin(all.flatMap((entry) => entry.urls)));
  }

  /** Every replica that the deployer names. */
  replicas(): readonly { readonly environment: string; readonly pool: string; readonly url: string }[] {
    return [...this.endpoints].flatMap(([key, { environment, urls }]) =>
      urls.map((url) => ({ environment, pool: key.slice(environment.length + 1), url })),
    );
  }

  /** The base URL of a replica that serves the model, none of `tried` if there is another. @throws {ProblemError} `gateway.model_not_placed`, `gateway.no_replica`. */
  replicaOf(model: PlacedModel, tried: ReadonlySet<string>): string {
    const { tenantId, environment, modelName } = model;
    const pool = this.placements.get(`${tenantId}/${environment}/${modelName}`)?.pool ?? '';
    if (pool === '')
      throw gatewayProblem(
        'not-found',
        'model_not_placed',
        `tenant '${tenantId}' has no model of that name in environment '${environment}'; promote a version of it first`,
      );
    return this.taken(this.pools.get(pool), environment, tried);
  }

  /** The base URL of any replica of the environment, none of `tried` if there is another. @throws {ProblemError} `gateway.no_replica`. */
  anyReplica(environment: string, tried: ReadonlySet<string>): string {
    return this.taken(this.environments.get(environment), environment, tried);
  }

  private taken(urls: RoundRobin<string> | undefined, environment: string, tried: ReadonlySet<string>): string {
    const url = urls?.take((one) => (tried.has(one) ? 2 : this.outages.isAvoided(one) ? 1 : 0));
    if (url !== undefined) return url;
    const detail = `no replica is up in environment '${environment}'; try again in a moment`;
    throw gatewayProblem('unavailable', 'no_replica', detail, { retryAfterSeconds: 1 });
  }
}
