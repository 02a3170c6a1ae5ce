import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '@myriad/storage';
import { tenantId as asTenantId } from '@myriad/kernel';
import type { JobRunner, RunnerExit, RunnerMessage, RunnerRequest, RunnerTask } from '../../application/ports.js';
import type { RunInput } from '../../domain/job.js';
import { RunnerOutput } from './runner-output.js';
import { cpuMillisOf } from './cpu-time.js';

export interface ProcessOptions {
  /** The Python interpreter with `myriad.runner`. */
  readonly python: string;
  /** Where job folders are made. */
  readonly folder: string;
  /** The only environment the process gets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly objects: ObjectStore;
}

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 3000;
const STDERR_TAIL = 4096;

/**
 * Runs a job as a child process, in a process group of its own: what it starts ends with it. It dies with this service, too: its standard input
 * closes.
 */
export class ProcessJobRunner implements JobRunner {
  constructor(private readonly options: ProcessOptions) {}

  async run(
    request: RunnerRequest,
    onMessage: (message: RunnerMessage) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunnerExit> {
    const folder = join(this.options.folder, `${request.job.jobId}-${request.job.attempt}`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const source = await this.options.objects.getBytes(
        asTenantId(request.job.source.tenantId),
        request.job.source.digest,
        1_048_576,
      );
      await writeFile(join(folder, 'recipe.py'), source);
      return await this.withInputs(request.tasks, async (paths) => {
        await writeFile(join(folder, 'spec.json'), JSON.stringify(specOf(request, paths)));
        return this.execute(request, folder, onMessage, signal);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Brings every dataset to this machine, for as long as `use` runs. */
  private async withInputs(
    tasks: readonly RunnerTask[],
    use: (paths: ReadonlyMap<string, string>) => Promise<RunnerExit>,
  ): Promise<RunnerExit> {
    const wanted = new Map(
      tasks.flatMap((task) => task.inputs.map((input) => [pathKey(task, input), { task, input }] as const)),
    );
    const paths = new Map<string, string>();
    const bring = async (
      left: readonly (readonly [string, { task: RunnerTask; input: RunInput }])[],
    ): Promise<RunnerExit> => {
      const [first, ...rest] = left;
      if (!first) return use(paths);
      const [key, { task, input }] = first;
      return this.options.objects.withLocalFile(task.tenantId, input.digest, (path) => {
        paths.set(key, path);
        return bring(rest);
      });
    };
    return bring([...wanted]);
  }

  private async execute(
    request: RunnerRequest,
    folder: string,
    onMessage: (message: RunnerMessage) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunnerExit> {
    const child = spawn(this.options.python, ['-m', 'myriad.runner', join(folder, 'spec.json')], {
      cwd: folder,
      env: { ...this.options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const output = new RunnerOutput({
      folder,
      objects: this.options.objects,
      tasks: request.tasks,
      maxLogBytes: request.job.limits.logBytes,
      onMessage,
    });
    let stderrTail = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderrTail = (stderrTail + chunk.toString('utf8')).slice(-STDERR_TAIL);
      output.stderr(chunk);
    });
    const cpu = cpuMillisOf(child);
    const ended = new Promise<{ code: number | null; killedBy: string | null; error?: Error }>((resolve) => {
      child.once('error', (error) => {
        resolve({ code: null, killedBy: null, error });
      });
      // whoever it left behind would hold its output open
      child.once('exit', () => {
        signalGroup(child, 'SIGKILL');
      });
      child.once('close', (code, killedBy) => {
        resolve({ code, killedBy });
      });
    });
    const release = stopOnAbort(child, signal);
    try {
      await output.consume(child.stdout);
      const { code, killedBy, error } = await ended;
      await output.flush();
      if (code === 0 && output.isDone) return { isComplete: true, reason: '', cpuMillis: cpu() };
      return {
        isComplete: false,
        reason: reasonOf({
          code,
          killedBy,
          error,
          signal,
          stderrTail,
          timeoutSeconds: request.job.limits.timeoutSeconds,
        }),
        cpuMillis: cpu(),
      };
    } finally {
      release();
      signalGroup(child, 'SIGKILL');
    }
  }
}

const pathKey = (task: Pick<RunnerTask, 'tenantId'>, input: RunInput): string => `${task.tenantId}/${input.digest}`;

function specOf({ job, tasks }: RunnerRequest, paths: ReadonlyMap<string, string>): object {
  return {
    jobId: job.jobId,
    attempt: job.attempt,
    recipe: { sourcePath: 'recipe.py', entryPoint: job.source.entryPoint },
    parameters: job.parameters,
    limits: { memoryBytes: job.limits.memoryBytes },
    tasks: tasks.map((task) => ({
      taskId: task.taskId,
      tenantId: task.tenantId,
      modelName: task.modelName,
      datasets: task.inputs.map((input) => ({ ...input, path: paths.get(pathKey(task, input)) ?? '' })),
      features: job.features,
      label: job.label,
      outputFolder: `out/${task.taskId}`,
    })),
  };
}

/** Signals the child and all that it started; nothing happens when they are gone. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function stopOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    signalGroup(child, 'SIGTERM');
    timer = setTimeout(() => {
      signalGroup(child, 'SIGKILL');
    }, GRACE_MS);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  };
}

interface Ending {
  readonly code: number | null;
  readonly killedBy: string | null;
  readonly error: Error | undefined;
  readonly signal: AbortSignal;
  readonly stderrTail: string;
  readonly timeoutSeconds: number;
}

function reasonOf({ code, killedBy, error, signal, stderrTail, timeoutSeconds }: Ending): string {
  if (error) return `the process could not be started: ${error.message}`;
  const why: unknown = signal.reason;
  if (signal.aborted)
    return why instanceof DOMException && why.name === 'TimeoutError'
      ? `it took longer than its limit of ${timeoutSeconds} s`
      : typeof why === 'string'
        ? why
        : 'stopped';
  if (killedBy !== null)
    return `the process was ended by ${killedBy}${killedBy === 'SIGKILL' ? ', perhaps for want of memory' : ''}`;
  const last = stderrTail.trim().split('\n').at(-1) ?? '';
  return `the process ended with code ${code ?? '?'}${last === '' ? '' : `: ${last.slice(0, 300)}`}`;
}
