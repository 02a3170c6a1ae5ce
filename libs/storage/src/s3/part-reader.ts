/** Cuts a stream of bytes into parts of one size, the last one shorter, in buffers that are used again. */
export class PartReader {
  private readonly spare: Buffer[] = [];
  private pending: Uint8Array | undefined;
  private isEnded = false;

  constructor(
    private readonly chunks: AsyncGenerator<Uint8Array, void>,
    private readonly partBytes: number,
  ) {}

  /** Whether the last byte has been read; known once a part came out shorter than `partBytes`. */
  get hasEnded(): boolean {
    return this.isEnded;
  }

  /** The next part, undefined after the last. Its buffer is the caller's until {@link release}. */
  async next(): Promise<Buffer | undefined> {
    if (this.isEnded) return undefined;
    const buffer = this.spare.pop() ?? Buffer.allocUnsafeSlow(this.partBytes);
    let filledBytes = 0;
    while (filledBytes < this.partBytes) {
      const chunk = await this.nextChunk();
      if (chunk === undefined) break;
      const taken = chunk.subarray(0, this.partBytes - filledBytes);
      buffer.set(taken, filledBytes);
      filledBytes += taken.byteLength;
      this.pending = chunk.subarray(taken.byteLength);
    }
    return filledBytes === 0 ? undefined : buffer.subarray(0, filledBytes);
  }

  /** Gives a part's buffer back. */
  release(part: Buffer): void {
    this.spare.push(Buffer.from(part.buffer, 0, this.partBytes));
  }

  /** Ends the source; for a caller that stops early. */
  async close(): Promise<void> {
    await this.chunks.return();
  }

  private async nextChunk(): Promise<Uint8Array | undefined> {
    if (this.pending && this.pending.byteLength > 0) return this.pending;
    const { done, value } = await this.chunks.next();
    if (done === true) {
      this.isEnded = true;
      return undefined;
    }
    return value;
  }
}
