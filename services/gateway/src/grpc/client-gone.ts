/** Hears when a call's client leaves, on behalf of all that is done for it: a call may have many parts, and an emitter warns of many listeners. */
export class ClientGone {
  private readonly ends = new Set<() => void>();

  constructor(call: { once(event: 'cancelled', listener: () => void): unknown }) {
    call.once('cancelled', () => {
      for (const end of this.ends) end();
    });
  }

  /** @returns what takes it back */
  add(end: () => void): () => void {
    this.ends.add(end);
    return () => {
      this.ends.delete(end);
    };
  }
}
