import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import { z } from 'zod';
import type { RunnerMessage, RunnerTask } from '../../application/ports.js';

const MAX_LINE_BYTES = 1_048_576;
const MAX_ARTIFACT_BYTES = 2_147_483_648;

const lineSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('log'), level: z.string(), message: z.string(), taskId: z.string().nullish() }),
  z.object({
    t: z.literal('metric'),
    taskId: z.string(),
    name: z.string().min(1).max(250),
    value: z.number(),
    step: z.int(),
  }),
  z.object({
    t: z.literal('task'),
    taskId: z.string(),
    outcome: z.enum(['succeeded', 'inconclusive', 'failed']),
    reason: z.string(),
    artifactPath: z.string().nullable(),
    parityPath: z.string().nullable(),
    metrics: z.record(z.string(), z.number()),
    durationMs: z.number().nonnegative(),
  }),
  z.object({ t: z.literal('done') }),
]);
type Line = z.infer<typeof lineSchema>;

export interface RunnerOutputOptions {
  readonly folder: string;
  readonly objects: ObjectStore;
  readonly tasks: readonly RunnerTask[];
  readonly maxLogBytes: number;
  readonly onMessage: (message: RunnerMessage) => Promise<void>;
}

/** Takes what a job's process says: line by line, checked, bounded; artifacts are stored before their run is said to have ended. */
export class RunnerOutput {
  isDone = false;
  private logBytes = 0;
  private stderrRest = '';
  private readonly stderrLines: string[] = [];

  constructor(private readonly options: RunnerOutputOptions) {}

  /** Standard error, kept as log lines until the next message or the end. */
  stderr(chunk: Buffer): void {
    const lines = (this.stderrRest + chunk.toString('utf8')).split('\n');
    this.stderrRest = (lines.pop() ?? '').slice(-8192);
    if (this.stderrLines.length < 1000) this.stderrLines.push(...lines.filter((line) => line !== ''));
  }

  async consume(stdout: Readable): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        await this.line(rest.subarray(0, end).toString('utf8'));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > MAX_LINE_BYTES) {
        await this.log('warning', `a line of more than ${MAX_LINE_BYTES} bytes was dropped`, null);
        rest = Buffer.alloc(0);
      }
    }
    if (rest.length > 0) await this.line(rest.toString('utf8'));
  }

  /** Writes out what is left of standard error. */
  async flush(): Promise<void> {
    const lines = [...this.stderrLines.splice(0), ...(this.stderrRest === '' ? [] : [this.stderrRest])];
    this.stderrRest = '';
    if (lines.length > 0) await this.log('error', lines.join('\n').slice(0, 65_536), null);
  }

  private async line(text: string): Promise<void> {
    if (text.trim() === '') return;
    let line: Line;
    try {
      line = lineSchema.parse(JSON.parse(text));
    } catch {
      await this.log('warning', `the runner said something that is no message: ${text.slice(0, 200)}`, null);
      return;
    }
    if (this.stderrLines.length > 0) await this.flush();
    if (line.t === 'done') this.isDone = true;
    else if (line.t === 'log') await this.log(line.level, line.message, line.taskId ?? null);
    else if (line.t === 'metric') await this.options.onMessage(line);
    else await this.task(line);
  }

  private async log(level: string, message: string, taskId: string | null): Promise<void> {
    const before = this.logBytes;
    this.logBytes += Buffer.byteLength(message);
    const { maxLogBytes, onMessage } = this.options;
    if (before > maxLogBytes) return;
    const isOver = this.logBytes > maxLogBytes;
    await onMessage({
      t: 'log',
      taskId,
      level: isOver ? 'warning' : level,
      message: isOver ? `the log is longer than ${maxLogBytes} bytes; the rest is dropped` : message,
    });
  }

  private async task(line: Extract<Line, { t: 'task' }>): Promise<void> {
    const task = this.options.tasks.find(({ taskId }) => taskId === line.taskId);
    if (!task) {
      await this.log('warning', `the runner named a task that is not its own: ${line.taskId}`, null);
      return;
    }
    const { taskId, outcome, reason, metrics, durationMs } = line;
    const ended = { t: 'task', taskId, metrics, durationMs } as const;
    if (outcome !== 'succeeded') {
      await this.options.onMessage({ ...ended, outcome, reason, artifact: null, parityDigest: null });
      return;
    }
    try {
      if (line.artifactPath === null) throw new Error('it succeeded without an artifact');
      const artifact = await this.keep(task, line.artifactPath);
      const parity = line.parityPath === null ? null : await this.keep(task, line.parityPath);
      await this.options.onMessage({ ...ended, outcome, reason, artifact, parityDigest: parity?.digest ?? null });
    } catch (error) {
      if (error instanceof Error && 'retryable' in error && error.retryable === true) throw error;
      await this.options.onMessage({
        ...ended,
        outcome: 'failed',
        reason: `its artifact could not be kept: ${error instanceof Error ? error.message : String(error)}`,
        artifact: null,
        parityDigest: null,
      });
    }
  }

  /** Stores a file of the job's own folder; a path that leads out of it is refused. */
  private async keep(task: RunnerTask, path: string): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
    const [real, folder] = await Promise.all([
      realpath(resolve(this.options.folder, path)),
      realpath(this.options.folder),
    ]);
    if (!real.startsWith(folder + sep)) throw new Error('its path leads out of the job folder');
    if (!(await stat(real)).isFile()) throw new Error('it is no file');
    return this.options.objects.put(task.tenantId, createReadStream(real), { maxSizeBytes: MAX_ARTIFACT_BYTES });
  }
}
