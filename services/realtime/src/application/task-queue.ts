import { AsyncLocalStorage } from 'node:async_hooks';

/** Runs tasks in order, a few at the same time. Tasks must not fail. */
export class TaskQueue {
  private waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private idlers: (() => void)[] = [];

  constructor(private readonly parallel: number) {}

  add(task: () => Promise<void>): void {
    // a task that waits stays in the trace of what asked for it
    this.waiting.push(AsyncLocalStorage.bind(task));
    this.next();
  }

  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void> {
    if (this.running === 0 && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idlers.push(resolve));
  }

  /** Drops what has not begun. */
  clear(): void {
    this.waiting = [];
  }

  private next(): void {
    while (this.running < this.parallel) {
      const task = this.waiting.shift();
      if (task === undefined) break;
      this.running += 1;
      void task().finally(() => {
        this.running -= 1;
        this.next();
      });
    }
    if (this.running > 0 || this.waiting.length > 0) return;
    for (const resolve of this.idlers.splice(0)) resolve();
  }
}
