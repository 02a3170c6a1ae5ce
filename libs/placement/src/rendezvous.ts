import { hashText, mix32 } from './hash.js';

/**
 * Rendezvous hashing (highest random weight; Thaler and Ravishankar, 1998): every replica has a score for every key, and the highest owns it.
 * Who knows the same replicas agrees on the owner without a word. When a replica joins or leaves, only the keys that it owns move: about 1 of n.
 */
export class Rendezvous {
  /** The replicas in the order of their names, whatever order they were given in; owners are positions in it. */
  readonly ids: readonly string[];
  private readonly seeds: Uint32Array;

  constructor(ids: readonly string[]) {
    this.ids = [...new Set(ids)].sort();
    this.seeds = Uint32Array.from(this.ids, hashText);
  }

  get size(): number {
    return this.ids.length;
  }

  /** The owner of a key by its {@link hashText}; −1 when there is no replica. O(n), a few nanoseconds a replica. */
  owner(key: number): number {
    const { seeds } = this;
    let best = -1;
    let highest = -1;
    for (let at = 0; at < seeds.length; at += 1) {
      const score = mix32(key ^ (seeds[at] as number));
      if (score > highest) {
        highest = score;
        best = at;
      }
    }
    return best;
  }

  /** The `count` replicas with the highest scores, best first; fewer when there are fewer. */
  owners(key: number, count: number): readonly number[] {
    if (count === 1 && this.size > 0) return [this.owner(key)];
    const scores = Float64Array.from(this.seeds, (seed) => mix32(key ^ seed));
    const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    return order.slice(0, count);
  }

  /** The replica's score for a key, 0–2³²−1. */
  score(key: number, at: number): number {
    return mix32(key ^ (this.seeds[at] ?? 0));
  }
}
