import { ThreadLost, type ModelThread, type ThreadModel } from '@myriad/inference';
import type { FairLine } from '../application/fair-line.js';
import { LineModel, type LineRun } from '../application/line-model.js';
import type { DetachedCall, DetachedModel, DetachedRun } from '../application/model-loader.port.js';
import { runtimeLost } from '../application/realtime-problem.js';

/** A thread and the line before it. When the thread is lost another takes its place. */
export interface Lane {
  readonly thread: ModelThread;
  readonly line: FairLine;
}

export interface ThreadModelOptions {
  readonly lane: Lane;
  /** What the lane's threads know it by. */
  readonly number: number;
  /** Reads the model again, for a thread that takes a lost one's place. */
  readonly read: () => Promise<ThreadModel>;
  readonly isBatched: boolean;
  /** What one row takes as far as is known, microseconds. */
  readonly microsPerRow: number;
  readonly memoryBytes: number;
  /** The thread that holds it. */
  readonly thread: ModelThread;
  readonly onDisposed: () => void;
}

/** A version in a worker thread. */
export class ThreadedModel implements DetachedModel {
  readonly runSync = undefined;
  readonly memoryBytes: number;
  private readonly inLine: LineModel;
  private thread: ModelThread;
  private reloading: Promise<void> | undefined;
  private open = 0;
  private isDisposed = false;

  constructor(private readonly options: ThreadModelOptions) {
    this.memoryBytes = options.memoryBytes;
    this.thread = options.thread;
    const { isBatched, microsPerRow } = options;
    this.inLine = new LineModel({ isBatched, microsPerRow, run: (calls) => this.runThere(calls) });
  }

  async run(call: DetachedCall): Promise<DetachedRun> {
    this.open += 1;
    try {
      return await this.options.lane.line.ask(this.inLine, call);
    } finally {
      this.open -= 1;
      if (this.open === 0 && this.isDisposed) this.unload();
    }
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.options.onDisposed();
    if (this.open === 0) this.unload();
  }

  private unload(): void {
    this.thread.unload(this.options.number);
  }

  private async runThere(calls: readonly DetachedCall[]): Promise<LineRun> {
    try {
      if (this.thread !== this.options.lane.thread) await (this.reloading ??= this.reload());
      return await this.thread.run(this.options.number, calls);
    } catch (error) {
      throw error instanceof ThreadLost || error instanceof ReloadFailed ? runtimeLost(error) : error;
    }
  }

  /** It was checked when it was loaded first. */
  private async reload(): Promise<void> {
    const { lane, number, read } = this.options;
    try {
      const { file } = await read();
      const { thread } = lane;
      await thread.load(number, { file });
      this.thread = thread;
    } catch (cause) {
      throw new ReloadFailed('the model could not be brought in again', { cause });
    } finally {
      this.reloading = undefined;
    }
  }
}

class ReloadFailed extends Error {}
