import { Rendezvous } from './rendezvous.js';
import { TrafficShare, newHeat, type Heat } from './traffic-share.js';

export interface ChoiceOptions {
  /**
   * No replica takes a request while it has more than so many times the mean of the requests in flight, ≥ 1. Default 1.25 (consistent hashing with bounded loads; Mirrokni,
   * Thorup and Zadimoghaddam, 2018): a lower one balances better, a higher one keeps more requests with the owner of their model.
   */
  readonly loadFactor?: number;
  /** Below so many requests in flight a replica is never passed over: a short queue costs less than a load elsewhere. Default 8. */
  readonly freeLoad?: number;
  /** A model gets another owner for each such part of a replica's fair share of the traffic, 0–1. Default 0.5. */
  readonly hotShare?: number;
  /** Requests of {@link TrafficShare}'s period for each replica; never fewer than 1,024 in all. Default 64. */
  readonly periodPerReplica?: number;
}

/** What is known of the replicas at the moment of a choice; positions as in {@link ReplicaChoice.ids}. */
export interface ReplicaStates {
  /** Requests in flight at all of them. */
  readonly totalLoad: number;
  /** Requests in flight at one. */
  load(at: number): number;
  /** 0 for one that answers; the higher, the less it is to be tried. */
  rank(at: number): number;
}

/** What is kept of a key between choices: some sixty bytes. */
export interface KeyState extends Heat {
  /** Owners while there are several, best first. */
  owners: Owners | undefined;
}

interface Owners {
  /** Among whom they were chosen. */
  readonly among: Rendezvous;
  readonly best: readonly number[];
}

export function newKeyState(): KeyState {
  return { ...newHeat(), owners: undefined };
}

const LEAST_PERIOD = 1_024;

/**
 * Which of a pool's replicas takes a request: the owner of its model by {@link Rendezvous}; of several owners of a hot model the one with the fewest requests in flight; and when
 * they are over the bound, or away, the best by score that is not.
 */
export class ReplicaChoice {
  private replicas = new Rendezvous([]);
  private readonly traffic = new TrafficShare(LEAST_PERIOD);
  private readonly options: Required<ChoiceOptions>;

  constructor(ids: readonly string[], options: ChoiceOptions = {}) {
    this.options = { loadFactor: 1.25, freeLoad: 8, hotShare: 0.5, periodPerReplica: 64, ...options };
    this.setReplicas(ids);
  }

  /** Other replicas; what is known of the traffic stays. */
  setReplicas(ids: readonly string[]): void {
    this.replicas = new Rendezvous(ids);
    this.traffic.setPeriod(Math.max(LEAST_PERIOD, this.options.periodPerReplica * ids.length));
  }

  /** The replicas; positions in it stand for them. */
  get ids(): readonly string[] {
    return this.replicas.ids;
  }

  /** The replica for a request of the key, by the key's hash; −1 when there is none. Counts the request. */
  choose(hash: number, key: KeyState, states: ReplicaStates): number {
    const count = this.ownersOf(this.traffic.note(key));
    const first =
      count === 1 ? this.replicas.owner(hash) : this.leastLoaded(this.severalOwners(hash, key, count), states);
    if (first < 0) return -1;
    const bound = this.bound(states.totalLoad);
    return states.rank(first) === 0 && states.load(first) < bound ? first : this.best(hash, bound, states);
  }

  /** How many replicas own a model with this share of the traffic. */
  ownersOf(share: number): number {
    const { size } = this.replicas;
    return Math.max(1, Math.min(size, Math.ceil((share * size) / this.options.hotShare)));
  }

  /** Requests in flight that a replica may have after this one. */
  private bound(totalLoad: number): number {
    const { freeLoad, loadFactor } = this.options;
    return Math.max(freeLoad, Math.ceil((loadFactor * (totalLoad + 1)) / this.replicas.size));
  }

  private severalOwners(hash: number, key: KeyState, count: number): readonly number[] {
    let { owners } = key;
    if (owners?.among !== this.replicas || owners.best.length < count) {
      owners = { among: this.replicas, best: this.replicas.owners(hash, count) };
      key.owners = owners;
    }
    return owners.best.length > count ? owners.best.slice(0, count) : owners.best;
  }

  private leastLoaded(owners: readonly number[], states: ReplicaStates): number {
    let best = -1;
    let [lowestRank, lowestLoad] = [Infinity, Infinity];
    for (const at of owners) {
      const rank = states.rank(at);
      const load = states.load(at);
      if (rank > lowestRank || (rank === lowestRank && load >= lowestLoad)) continue;
      [best, lowestRank, lowestLoad] = [at, rank, load];
    }
    return best;
  }

  /** Of all replicas: first those that answer, of them those below the bound, of them the highest score. */
  private best(hash: number, bound: number, states: ReplicaStates): number {
    let best = -1;
    let [lowestRank, highest] = [Infinity, -1];
    let isBestFree = false;
    for (let at = 0; at < this.replicas.size; at += 1) {
      const rank = states.rank(at);
      if (rank > lowestRank) continue;
      const isFree = states.load(at) < bound;
      const score = this.replicas.score(hash, at);
      const isBetter = rank < lowestRank || (isFree === isBestFree ? score > highest : isFree);
      if (isBetter) [best, lowestRank, highest, isBestFree] = [at, rank, score, isFree];
    }
    return best;
  }
}
