import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ProblemError, type ProblemOptions } from '@myriad/kernel';
import type {
  ThreadAnswer,
  ThreadCall,
  ThreadModel,
  ThreadModelReport,
  ThreadOrder,
  ThreadRefusal,
  ThreadReply,
  ThreadSettings,
} from './messages.js';
import type { TensorMap } from '../tensors/tensor.js';
import { movable } from './movable.js';

export interface ModelThreadOptions extends ThreadSettings {
  /** The program of the thread, and flags of Node for it. Default the compiled `thread-main.js`. */
  readonly program?: { readonly url: URL; readonly execArgv: readonly string[] } | undefined;
  /** Called once, when the thread has ended without being asked to. */
  readonly onLost?: ((reason: Error) => void) | undefined;
}

/** The thread ended before it answered: nothing is known of what it was asked. */
export class ThreadLost extends Error {
  constructor(cause?: unknown) {
    super('the thread that ran the model has ended', { cause });
    this.name = 'ThreadLost';
  }
}

export interface ThreadRun {
  /** By call, in their order: the outputs, or what is wrong with its values (`inference.run_failed`). */
  readonly results: readonly (TensorMap | Error)[];
  /** What the run took, microseconds. */
  readonly micros: number;
}

interface Asked {
  readonly resolve: (done: never) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that holds models and runs them, one order after the other. Models are numbered by who asks. */
export class ModelThread {
  private readonly worker: Worker;
  /** What is not answered yet, in the order it was asked. */
  private readonly asked: Asked[] = [];
  private lost: Error | undefined;
  private isClosing = false;

  constructor(private readonly options: ModelThreadOptions) {
    const { intraOpThreads, niceness, program } = options;
    const settings: ThreadSettings = { intraOpThreads, niceness };
    const more: WorkerOptions = program === undefined ? {} : { execArgv: [...program.execArgv] };
    // nothing that the process was told is the models' business
    this.worker = new Worker(program?.url ?? new URL('./thread-main.js', import.meta.url), {
      ...more,
      name: 'models',
      workerData: settings,
      env: {},
    });
    this.worker.on('message', (reply: ThreadReply) => {
      this.answer(reply);
    });
    this.worker.on(
      'messageerror',
      (error) =>
        void this.worker.terminate().then(() => {
          this.lose(error);
        }),
    );
    this.worker.on('error', (error) => {
      this.lose(error instanceof Error ? error : new Error(String(error)));
    });
    this.worker.on('exit', (code) => {
      this.lose(new Error(`exit code ${code}`));
    });
    this.worker.unref();
  }

  /** What waits for an answer. */
  get pending(): number {
    return this.asked.length;
  }

  /** Brings a model in. @throws {ProblemError} `inference.onnx_unrunnable`, `onnx_type_unsupported`, what `parseParity` refuses; {@link ThreadLost} */
  load(model: number, { file, parity }: ThreadModel): Promise<ThreadModelReport> {
    return this.ask({ kind: 'load', model, file, parity }, []);
  }

  /** Runs requests together; their inputs are gone for the caller. All must have the same shapes but for their rows, and the same outputs. @throws {@link ThreadLost} */
  async run(model: number, calls: readonly ThreadCall[]): Promise<ThreadRun> {
    const moved = new Set<ArrayBuffer>();
    const ready = calls.map(({ inputs, rows, outputs }) => ({ inputs: movable(inputs, moved), rows, outputs }));
    const { outcomes, micros } = await this.ask<ThreadAnswer>({ kind: 'run', model, calls: ready }, [...moved]);
    return { results: outcomes.map((one) => ('outputs' in one ? one.outputs : errorOf(one.refused))), micros };
  }

  /** Frees a model's memory, after what was asked of it before. */
  unload(model: number): void {
    this.ask({ kind: 'unload', model }, []).catch(() => undefined);
  }

  /** Ends the thread; what waits is refused. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.kill();
  }

  /** Ends the thread as if it had gone by itself: a way out for one that does not answer, and for tests. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  private ask<T>(order: ThreadOrder, moved: ArrayBuffer[]): Promise<T> {
    if (this.lost !== undefined) return Promise.reject(new ThreadLost(this.lost));
    return new Promise<T>((resolve, reject) => {
      this.worker.postMessage(order, moved);
      this.asked.push({ resolve, reject });
      // only what waits keeps the process alive
      this.worker.ref();
    });
  }

  private answer(reply: ThreadReply): void {
    const next = this.asked.shift();
    if (this.asked.length === 0) this.worker.unref();
    if ('done' in reply) next?.resolve(reply.done as never);
    else next?.reject(errorOf(reply.refused));
  }

  private lose(reason: Error): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    for (const { reject } of this.asked.splice(0)) reject(new ThreadLost(reason));
    if (!this.isClosing) this.options.onLost?.(reason);
  }
}

function errorOf({ message, problem }: ThreadRefusal): Error {
  if (problem === undefined) return new Error(message);
  const { kind, code } = problem as Pick<ProblemOptions, 'kind' | 'code'>;
  return new ProblemError({ kind, code, detail: message });
}
