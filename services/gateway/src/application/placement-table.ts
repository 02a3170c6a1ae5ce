import type { EventData, placementChangedV1, poolChangedV1 } from '@myriad/contracts';
import { hashText } from '@myriad/placement';
import { Injectable } from '@nestjs/common';
import { addressedOrigin } from '../domain/addressed-origin.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { RoundRobin } from '../domain/round-robin.js';
import { InFlight } from './in-flight.js';
import { Outages } from './outages.js';
import { PlacedModels } from './placed-models.js';
import { PoolReplicas, type Replica } from './pool-replicas.js';
import { RecentTraffic } from './recent-traffic.js';

export interface PlacedModel {
  readonly tenantId: string;
  readonly environment: string;
  readonly modelName: string;
}

interface Endpoints {
  readonly environment: string;
  /** As the deployer names them. */
  readonly named: readonly Replica[];
  /** With every address of their names. */
  readonly replicas: readonly Replica[];
}

/** Which pool serves a tenant's model, and where its replicas answer; from the deployer's events. */
@Injectable()
export class PlacementTable {
  /** `tenant/environment/model` → `environment/pool`. */
  private readonly placements = new PlacedModels();
  /** By the same keys. */
  private readonly traffic = new RecentTraffic();
  /** `environment/pool` → its replicas. */
  private readonly pools = new Map<string, PoolReplicas>();
  /** environment → base URLs of all its pools. */
  private readonly environments = new Map<string, RoundRobin<string>>();
  /** `environment/pool` → what the deployer says of it. */
  private readonly endpoints = new Map<string, Endpoints>();
  /** Host name → addresses of the replicas behind it, where there are several. */
  private readonly addresses = new Map<string, readonly string[]>();

  /** Base URL → its port of gRPC. */
  private grpcPorts = new Map<string, number>();

  constructor(
    private readonly outages: Outages,
    private readonly inFlight: InFlight,
  ) {}

  setPlacement(data: EventData<typeof placementChangedV1>): void {
    const { tenantId, environment, modelName, pool, status, generation } = data;
    const served = status === 'active' ? `${environment}/${pool}` : '';
    this.placements.set(`${tenantId}/${environment}/${modelName}`, served, generation);
  }

  setPool({ environment, pool, endpoints }: EventData<typeof poolChangedV1>): void {
    const named = endpoints.map((endpoint) => ({ ...endpoint, url: new URL(endpoint.url).origin }));
    this.spread(`${environment}/${pool}`, { environment, named });
  }

  /** Names of hosts that replicas answer under. */
  hostnames(): readonly string[] {
    const urls = [...this.endpoints.values()].flatMap(({ named }) => named.map(({ url }) => new URL(url).hostname));
    return [...new Set(urls)];
  }

  /** Which addresses a name leads to: with several, each is a replica. */
  setAddresses(hostname: string, addresses: readonly string[]): void {
    const sorted = addresses.toSorted();
    if (this.addresses.get(hostname)?.join() === sorted.join()) return;
    this.addresses.set(hostname, sorted);
    for (const [key, pool] of this.endpoints)
      if (pool.named.some(({ url }) => new URL(url).hostname === hostname)) this.spread(key, pool);
  }

  /** Every replica that is known. */
  replicas(): readonly { readonly environment: string; readonly pool: string; readonly url: string }[] {
    return [...this.endpoints].flatMap(([key, { environment, replicas }]) =>
      replicas.map(({ url }) => ({ environment, pool: key.slice(environment.length + 1), url })),
    );
  }

  /** @throws {ProblemError} `gateway.model_not_placed`. */
  assertPlaced(model: PlacedModel): void {
    this.poolOf(keyOf(model), model);
  }

  /** The base URL of the replica that owns the model, or of another when that one is busy or away, none of `tried` if there is another. @throws {ProblemError} `gateway.model_not_placed`, `gateway.no_replica`. */
  replicaOf(model: PlacedModel, tried: ReadonlySet<string>): string {
    const key = keyOf(model);
    const pool = this.pools.get(this.poolOf(key, model));
    const asked = { hash: hashText(key) | 0, traffic: this.traffic.of(key) };
    return pool?.take(asked, tried) ?? nobodyIsUp(model.environment);
  }

  /** Base URLs of all replicas of the model's pool, at least one. @throws as {@link replicaOf} */
  replicasOf(model: PlacedModel): readonly string[] {
    const urls = this.pools.get(this.poolOf(keyOf(model), model))?.all ?? [];
    return urls.length > 0 ? urls : nobodyIsUp(model.environment);
  }

  /** For each pool of the environment that has replicas: the base URL of any of them, none of `tried` if there is another. @throws {ProblemError} `gateway.no_replica`. */
  oneOfEachPool(environment: string): readonly ((tried: ReadonlySet<string>) => string)[] {
    const pools = [...this.endpoints.values()].filter(
      (one) => one.environment === environment && one.replicas.length > 0,
    );
    if (pools.length === 0) nobodyIsUp(environment);
    return pools.map(({ replicas }) => {
      const urls = replicas.map(({ url }) => url);
      const rank = (url: string, tried: ReadonlySet<string>): number =>
        tried.has(url) ? 2 : this.outages.isAvoided(url) ? 1 : 0;
      return (tried) => urls.reduce((best, url) => (rank(url, tried) < rank(best, tried) ? url : best));
    });
  }

  /** Where a replica speaks gRPC; undefined: nowhere. */
  grpcPortOf(origin: string): number | undefined {
    return this.grpcPorts.get(origin);
  }

  /** The base URL of any replica of the environment, none of `tried` if there is another. @throws {ProblemError} `gateway.no_replica`. */
  anyReplica(environment: string, tried: ReadonlySet<string>): string {
    const urls = this.environments.get(environment);
    const url = urls?.take((one) => (tried.has(one) ? 2 : this.outages.isAvoided(one) ? 1 : 0));
    return url ?? nobodyIsUp(environment);
  }

  private poolOf(key: string, { tenantId, environment, modelName }: PlacedModel): string {
    const pool = this.placements.poolOf(key);
    if (pool !== undefined && pool !== '') return pool;
    throw gatewayProblem(
      'not-found',
      'model_not_placed',
      `tenant '${tenantId}' has no model '${modelName}' in environment '${environment}'; promote a version of it first`,
    );
  }

  /** Takes the pool's replicas in: every address of every endpoint. */
  private spread(key: string, { environment, named }: Omit<Endpoints, 'replicas'>): void {
    const replicas = named.flatMap((endpoint) => this.replicasAt(endpoint));
    this.endpoints.set(key, { environment, named, replicas });
    const known = this.pools.get(key) ?? new PoolReplicas(this.outages, this.inFlight);
    known.setReplicas(replicas);
    this.pools.set(key, known);
    const all = [...this.endpoints.values()].filter((entry) => entry.environment === environment);
    const urls = all.flatMap((entry) => entry.replicas.map(({ url }) => url));
    this.environments.set(environment, new RoundRobin(urls));
    this.grpcPorts = new Map(this.replicasWithGrpc());
    this.inFlight.keep((origin) => this.isKnown(origin));
  }

  private *replicasWithGrpc(): Iterable<[origin: string, grpcPort: number]> {
    for (const { replicas } of this.endpoints.values())
      for (const { url, grpcPort } of replicas) if (grpcPort !== undefined) yield [url, grpcPort];
  }

  private isKnown(origin: string): boolean {
    for (const { replicas } of this.endpoints.values()) if (replicas.some(({ url }) => url === origin)) return true;
    return false;
  }

  private replicasAt(named: Replica): readonly Replica[] {
    const { replicaId, url } = named;
    const addresses = this.addresses.get(new URL(url).hostname) ?? [];
    if (addresses.length < 2) return [named];
    return addresses.map((address) => ({
      ...named,
      replicaId: `${replicaId}/${address}`,
      url: addressedOrigin(url, address),
    }));
  }
}

function keyOf({ tenantId, environment, modelName }: PlacedModel): string {
  return `${tenantId}/${environment}/${modelName}`;
}

function nobodyIsUp(environment: string): never {
  const detail = `no replica is up in environment '${environment}'; try again in a moment`;
  throw gatewayProblem('unavailable', 'no_replica', detail, { retryAfterSeconds: 1 });
}
