import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { InspectedArtifact, ModelInspection, ModelInspector } from '../../application/ports.js';
import type { Reason } from '../../domain/model.js';
import { refused } from './onnx-model-inspector.js';

export interface SeparateOptions {
  /** Memory that a model may take while it is looked at, bytes. Default 2 GiB, and at most half of what this process's container has. */
  readonly memoryBytes?: number;
  /** How long looking at one may take, milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** The program and its arguments for Node. Default the compiled `inspect-models.js`. */
  readonly program?: readonly string[];
}

/** What is asked of the other process, one at a time. */
export interface InspectionOrder {
  readonly artifact: InspectedArtifact;
  readonly parity: Uint8Array | undefined;
}

/** What it answers: the outcome, or what went wrong that is not the file's fault. */
export type InspectionAnswer = { readonly outcome: ModelInspection } | { readonly fault: string };

const GIB = 1_073_741_824;
/** Address space that Node itself takes as data before it does anything: measured 560 MiB, of which 50 are in memory. */
const OWN_BYTES = 0.75 * GIB;
const DEFAULT_TIMEOUT_MS = 60_000;
const PROGRAM = [fileURLToPath(new URL('./inspect-models.js', import.meta.url))];

/**
 * Looks at models in a process of its own, which stays for the next one: a file of a hundred bytes can ask for any amount of memory, run for ever, or bring
 * the native runtime down, and then that process ends and nothing else does. It has the system's limit on its memory and an empty environment.
 */
export class SeparateModelInspector implements ModelInspector {
  private child: ChildProcess | undefined;

  constructor(private readonly options: SeparateOptions = {}) {
    process.once('exit', () => {
      this.close();
    });
  }

  async inspect(artifact: InspectedArtifact, parity: Uint8Array | undefined): Promise<ModelInspection> {
    this.child ??= this.start();
    const answer = await this.ask(this.child, { artifact, parity });
    if ('reason' in answer) return refused([answer.reason]);
    if ('fault' in answer) throw new Error(answer.fault);
    return answer.outcome;
  }

  /** Ends the other process. */
  close(): void {
    this.child?.kill('SIGKILL');
  }

  private ask(child: ChildProcess, order: InspectionOrder): Promise<InspectionAnswer | { readonly reason: Reason }> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    return new Promise((resolve) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, timeoutMs);
      const onMessage = (answer: InspectionAnswer): void => {
        end();
        resolve(answer);
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
        end();
        this.child = undefined;
        resolve(isLate ? { reason: tooSlow(timeoutMs) } : this.afterExit(code, signal));
      };
      const end = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
      };
      child.on('message', onMessage).on('exit', onExit);
      child.send(order);
    });
  }

  /** SIGKILL is somebody else's doing, such as the system's in want of memory; the model has a limit of its own, at which allocations fail. */
  private afterExit(
    code: number | null,
    signal: NodeJS.Signals | null,
  ): InspectionAnswer | { readonly reason: Reason } {
    if (signal === 'SIGKILL') return { fault: 'the process that looks at models was killed' };
    const how = signal ?? `code ${code}`;
    return {
      reason: {
        code: 'registry.model_breaks_runtime',
        detail: `reading or running the model once ended the runtime (${how}); at most ${this.memoryBytes} bytes of memory are allowed for it`,
      },
    };
  }

  private get memoryBytes(): number {
    const container = process.constrainedMemory();
    return this.options.memoryBytes ?? Math.min(2 * GIB, container > 0 ? container / 2 : Infinity);
  }

  private start(): ChildProcess {
    const kibibytes = Math.ceil((OWN_BYTES + this.memoryBytes) / 1024);
    const limited = ['-c', 'ulimit -d "$0" && exec "$@"', String(kibibytes), process.execPath];
    const child = spawn('/bin/sh', [...limited, ...(this.options.program ?? PROGRAM)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: {},
    });
    child.unref();
    child.channel?.unref();
    return child;
  }
}

function tooSlow(timeoutMs: number): Reason {
  return {
    code: 'registry.model_too_slow',
    detail: `reading and running the model took longer than ${timeoutMs / 1000} s`,
  };
}
