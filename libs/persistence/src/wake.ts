/** A bell: whoever waits is woken by the next ring; a ring that nobody waited for is kept. */
export class Wake {
  private isRung = false;
  private wakeWaiter: (() => void) | undefined;

  ring(): void {
    this.isRung = true;
    this.wakeWaiter?.();
  }

  /** Resolves at the next ring with true, or after `ms` milliseconds with false. One waiter at a time. */
  async wait(ms: number): Promise<boolean> {
    if (!this.isRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wakeWaiter = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wakeWaiter = undefined;
    }
    const wasRung = this.isRung;
    this.isRung = false;
    return wasRung;
  }
}
