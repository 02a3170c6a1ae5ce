import { grown } from './grown.js';

const NONE = -1;

/**
 * Many pairing heaps (Fredman, Sedgewick, Sleator and Tarjan, 1986) over numbered nodes, 12 bytes a node: a million heaps of one node cost no more than one of a million. A heap
 * is named by its root. Insertion takes O(1), removal O(log n) amortized.
 */
export class PairingForest {
  private child = new Int32Array(0);
  private next = new Int32Array(0);
  /** The sibling before, or the parent for a first child. */
  private previous = new Int32Array(0);

  constructor(private readonly isBefore: (a: number, b: number) => boolean) {}

  /** Makes room for nodes below `capacity`. */
  grow(capacity: number): void {
    this.child = grown(this.child, capacity);
    this.next = grown(this.next, capacity);
    this.previous = grown(this.previous, capacity);
  }

  /** Puts a node into the heap of `root` (−1: an empty one). Its root then. */
  insert(root: number, node: number): number {
    this.child[node] = NONE;
    this.next[node] = NONE;
    this.previous[node] = NONE;
    return this.merge(root, node);
  }

  /** Takes a node out of the heap of `root`. Its root then, −1 when it is empty. */
  remove(root: number, node: number): number {
    const orphans = this.mergePairs(this.child[node] as number);
    if (node === root) return orphans;
    const [next, previous] = [this.next[node] as number, this.previous[node] as number];
    if (this.child[previous] === node) this.child[previous] = next;
    else this.next[previous] = next;
    if (next !== NONE) this.previous[next] = previous;
    return this.merge(root, orphans);
  }

  private merge(a: number, b: number): number {
    if (a === NONE) return b;
    if (b === NONE) return a;
    const [above, below] = this.isBefore(b, a) ? [b, a] : [a, b];
    const sibling = this.child[above] as number;
    this.next[below] = sibling;
    if (sibling !== NONE) this.previous[sibling] = below;
    this.previous[below] = above;
    this.child[above] = below;
    this.next[above] = NONE;
    this.previous[above] = NONE;
    return above;
  }

  /** One heap of siblings: from the left in pairs, then the pairs from the right. */
  private mergePairs(first: number): number {
    const pairs: number[] = [];
    for (let a = first; a !== NONE;) {
      const b = this.cut(a);
      if (b === NONE) {
        pairs.push(a);
        break;
      }
      const after = this.cut(b);
      pairs.push(this.merge(a, b));
      a = after;
    }
    let root = NONE;
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) root = this.merge(root, pair);
    return root;
  }

  /** Makes the node stand alone; the sibling after it. */
  private cut(node: number): number {
    const next = this.next[node] as number;
    this.next[node] = NONE;
    this.previous[node] = NONE;
    return next;
  }
}
