import { ReplicaChoice, type KeyState, type ReplicaStates } from '@myriad/placement';
import type { Flights, InFlight } from './in-flight.js';
import type { Outages } from './outages.js';

export interface Replica {
  /** Stays the same when the replica starts again elsewhere, so its models stay with it. */
  readonly replicaId: string;
  /** Base URL. */
  readonly url: string;
  /** Where it speaks gRPC, on the same host; undefined: nowhere. */
  readonly grpcPort?: number | undefined;
}

/** A model that is asked for. */
export interface Asked {
  /** Of its name, environment and tenant. */
  readonly hash: number;
  readonly traffic: KeyState;
}

/** A pool's replicas, and which of them takes a request. */
export class PoolReplicas {
  private readonly choice = new ReplicaChoice([]);
  private urls: readonly string[] = [];
  private flights: readonly Flights[] = [];

  constructor(
    private readonly outages: Outages,
    private readonly inFlight: InFlight,
  ) {}

  setReplicas(replicas: readonly Replica[]): void {
    const byId = new Map(replicas.map(({ replicaId, url }) => [replicaId, url]));
    this.choice.setReplicas([...byId.keys()]);
    this.urls = this.choice.ids.map((id) => byId.get(id) ?? '');
    this.flights = this.urls.map((url) => this.inFlight.at(url));
  }

  /** Base URLs of all. */
  get all(): readonly string[] {
    return this.urls;
  }

  /** The base URL of the model's owner, or of another replica when that one is over its bound, away or tried; undefined when there is none at all. */
  take(model: Asked, tried: ReadonlySet<string>): string | undefined {
    return this.urls[this.choice.choose(model.hash, model.traffic, this.states(tried))];
  }

  private states(tried: ReadonlySet<string>): ReplicaStates {
    const { urls, flights, outages } = this;
    let totalLoad = 0;
    for (const { count } of flights) totalLoad += count;
    return {
      totalLoad,
      load: (at) => flights[at]?.count ?? 0,
      rank: (at) => {
        const url = urls[at] ?? '';
        return tried.has(url) ? 2 : outages.isAvoided(url) ? 1 : 0;
      },
    };
  }
}
