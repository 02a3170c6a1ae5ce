/** The other replicas that were heard of lately. */
export class Peers {
  private readonly known = new Map<string, { sequence: number; heardAtMs: number }>();

  /** A peer that is not heard of for `ttlMs` is taken for gone. */
  constructor(private readonly ttlMs: number) {}

  get count(): number {
    return this.known.size;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.known.keys());
  }

  /** `again` for what was heard before. */
  hear(replicaId: string, sequence: number, nowMs: number): 'new' | 'known' | 'again' {
    const peer = this.known.get(replicaId);
    if (peer === undefined) {
      this.known.set(replicaId, { sequence, heardAtMs: nowMs });
      return 'new';
    }
    peer.heardAtMs = nowMs;
    if (sequence <= peer.sequence) return 'again';
    peer.sequence = sequence;
    return 'known';
  }

  leave(replicaId: string): void {
    this.known.delete(replicaId);
  }

  /** Forgets those that are gone. */
  expire(nowMs: number): void {
    for (const [replicaId, { heardAtMs }] of this.known)
      if (nowMs - heardAtMs > this.ttlMs) this.known.delete(replicaId);
  }

  /** Nobody could be heard until now: all have their time from here. */
  excuse(nowMs: number): void {
    for (const peer of this.known.values()) peer.heardAtMs = nowMs;
  }
}
