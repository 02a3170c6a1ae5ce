import { status } from '@grpc/grpc-js';
import { PARITY_TOLERANCE, compareOutputs, inferenceProblem, parseParity, rowCount } from '@myriad/inference';
import type { Clock, ProblemError } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { FairLine, type FairLineOptions, type LineState } from '../application/fair-line.js';
import { LineModel, type LineRun } from '../application/line-model.js';
import type { DetachedCall, DetachedModel, DetachedRuntime } from '../application/model-loader.port.js';
import {
  clientGone,
  deadlineExceeded,
  realtimeProblem,
  runtimeLost,
  shuttingDown,
} from '../application/realtime-problem.js';
import { MAX_PARITY_BYTES } from '../application/recorded-rows.js';
import type { ModelTensor, Placement } from '../domain/placement.js';
import { RemoteMismatch, assertFits, inferMessage, outputsOf, remoteNameOf } from './remote-messages.js';
import { pushbackMsOf, statusOf, type Message, type RemoteServer } from './remote-server.js';
import { RetryBudget } from './retry-budget.js';

export interface RemoteRuntimeOptions {
  readonly server: RemoteServer;
  readonly bytes: Pick<ObjectStore, 'getBytes'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  readonly line: Pick<FairLineOptions, 'waitingPerTenant' | 'maxWaitMs' | 'clock'>;
  /** Calls under way at the same time, ≥ 1. */
  readonly inFlight: number;
}

/** What a model that runs elsewhere takes here, bytes: its entry. */
const MEMORY_BYTES = 4_096;
/** A run without a deadline may take so long, milliseconds. */
const MOST_MS = 300_000;
/** The questions before a model is taken in. */
const CHECK_MS = 10_000;
/** Pauses before a call is made again, milliseconds. */
const PAUSES_MS = [20, 100] as const;
/** A row's cost before any was measured, microseconds. */
const ASSUMED_MICROS = 5_000;

/** Models that another server of the Open Inference Protocol runs: Triton for a pool with GPUs, a container of somebody's own. What they are called there: {@link remoteNameOf}, with the version's number. */
export class RemoteRuntime implements DetachedRuntime {
  private readonly line: FairLine;
  private readonly retries = new RetryBudget();

  constructor(private readonly options: RemoteRuntimeOptions) {
    this.line = new FairLine({ ...options.line, parallel: options.inFlight });
  }

  get state(): LineState & { readonly retries: number } {
    return { ...this.line.state, retries: this.retries.taken };
  }

  /** The server must be ready, have the version, tell its signature, and give what the trainer recorded. */
  async load(placement: Placement, isVerified: boolean): Promise<DetachedModel> {
    await this.assertServed(placement);
    if (!isVerified) await this.verify(placement);
    const inLine = new LineModel({
      isBatched: false, // such servers do it themselves
      microsPerRow: ASSUMED_MICROS,
      run: ([call], signal) => this.run(placement, call as DetachedCall, signal),
    });
    return {
      memoryBytes: MEMORY_BYTES,
      run: (call) => this.line.ask(inLine, call),
      // other replicas use the same server: what it holds is its own business
      dispose: () => undefined,
    };
  }

  close(): void {
    this.line.close(shuttingDown());
    this.options.server.close();
  }

  private async run(placement: Placement, call: DetachedCall, signal?: AbortSignal): Promise<LineRun> {
    const startMs = performance.now();
    const deadlineMs = call.deadlineMs ?? this.options.clock.nowMs() + MOST_MS;
    try {
      const answer = await this.withRetries(() =>
        this.options.server.call('ModelInfer', inferMessage(placement, call), { deadlineMs, signal }),
      );
      this.retries.succeeded();
      const outputs = outputsOf(answer, placement.signature, call.outputs);
      return { results: [outputs], micros: (performance.now() - startMs) * 1_000 };
    } catch (error) {
      throw this.problemOf(placement, error);
    }
  }

  /** A server that can't be reached, or says that it is not ready, has not begun; and a run changes nothing there, so that one more does no harm but its cost, which the budget bounds. */
  private async withRetries(call: () => Promise<Message>): Promise<Message> {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await call();
      } catch (error) {
        if (statusOf(error) !== status.UNAVAILABLE || !this.retries.take()) throw error;
        await this.options.clock.sleep(pushbackMsOf(error) ?? pauseMs);
      }
    }
    return call();
  }

  private problemOf({ modelName }: Placement, error: unknown): ProblemError {
    const code = statusOf(error);
    const text = error instanceof Error ? error.message : String(error);
    switch (code) {
      case status.DEADLINE_EXCEEDED:
        return deadlineExceeded();
      case status.CANCELLED:
        return clientGone();
      case status.UNAVAILABLE:
        return runtimeLost(error);
      case status.INVALID_ARGUMENT:
      case status.OUT_OF_RANGE:
        return inferenceProblem(
          'unprocessable',
          'run_failed',
          `the model can't be run on these values: ${detailsOf(text)}`,
        );
      case status.RESOURCE_EXHAUSTED: {
        const retryAfterSeconds = Math.max(1, Math.ceil((pushbackMsOf(error) ?? 0) / 1_000));
        const detail = `the server that runs model '${modelName}' has too much to do; try again in a moment`;
        return realtimeProblem('unavailable', 'overloaded', detail, { cause: error, retryAfterSeconds });
      }
      default: {
        // what it says is not for clients
        this.options.logger.warn({ modelName, err: error }, 'a remote server failed');
        const what = error instanceof RemoteMismatch ? 'gave something else than the model gives' : 'failed';
        const detail = `the server that runs model '${modelName}' ${what}`;
        return realtimeProblem('unavailable', 'runtime_failed', detail, { cause: error, retryAfterSeconds: 1 });
      }
    }
  }

  private async assertServed(placement: Placement): Promise<void> {
    const { server, clock } = this.options;
    const deadlineMs = clock.nowMs() + CHECK_MS;
    const named = { name: remoteNameOf(placement), version: String(placement.version) };
    const { ready } = await server.call('ServerReady', {}, { deadlineMs });
    if (ready !== true) throw new Error('the remote server is not ready');
    if (!(await this.isModelReady(named, deadlineMs))) {
      // some servers load what they are asked to
      await server.call('RepositoryModelLoad', { model_name: named.name }, { deadlineMs }).catch(() => undefined);
      if (!(await this.isModelReady(named, deadlineMs)))
        throw new Error(`the remote server has no model '${named.name}' with version ${named.version} that is ready`);
    }
    const metadata = await server.call('ModelMetadata', named, { deadlineMs });
    for (const side of ['inputs', 'outputs'] as const)
      assertSame(placement.signature[side], metadata[side] as readonly ModelTensor[]);
  }

  private async isModelReady(named: Message, deadlineMs: number): Promise<boolean> {
    try {
      return (await this.options.server.call('ModelReady', named, { deadlineMs }))['ready'] === true;
    } catch (error) {
      const code = statusOf(error);
      if (code === status.NOT_FOUND || code === status.UNAVAILABLE || code === status.INVALID_ARGUMENT) return false;
      throw error;
    }
  }

  private async verify(placement: Placement): Promise<void> {
    const { tenantId, parityDigest, signature } = placement;
    if (parityDigest === null) return;
    const recorded = await this.options.bytes.getBytes(tenantId, parityDigest, MAX_PARITY_BYTES);
    const { inputs, outputs } = parseParity(recorded, signature);
    const { results } = await this.run(placement, { tenantId, inputs, rows: rowCount(inputs) });
    const given = results[0] instanceof Error || results[0] === undefined ? {} : results[0];
    const { isEqual, firstDifference } = compareOutputs(given, outputs, PARITY_TOLERANCE);
    if (isEqual) return;
    const { output, index, detail } = firstDifference ?? { output: '', index: 0, detail: '' };
    throw new Error(
      `the remote server's outputs are not what the trainer recorded: output '${output}', value ${index}: ${detail}`,
    );
  }
}

function assertSame(known: readonly ModelTensor[], told: readonly ModelTensor[]): void {
  for (const spec of known) {
    const tensor = told.find(({ name }) => name === spec.name);
    if (tensor === undefined) throw new RemoteMismatch(`the remote server's model has no '${spec.name}'`);
    assertFits(tensor, spec);
  }
}

/** Without the status that the library puts before it. */
function detailsOf(text: string): string {
  return text.replace(/^\d+ [A-Z_]+: /, '').slice(0, 400);
}
