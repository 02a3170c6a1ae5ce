import { availableParallelism } from 'node:os';
import { ModelThread, type ModelThreadOptions, type ThreadModel } from '@myriad/inference';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { FairLine, type FairLineOptions, type LineState } from '../application/fair-line.js';
import type { DetachedModel } from '../application/model-loader.port.js';
import { shuttingDown } from '../application/realtime-problem.js';
import { MAX_PARITY_BYTES, assertAsRecorded } from '../application/recorded-rows.js';
import type { Placement } from '../domain/placement.js';
import { ThreadedModel, type Lane } from './threaded-model.js';

export interface WorkerRuntimeOptions {
  readonly bytes: Pick<ObjectStore, 'getBytes'>;
  readonly logger: Logger;
  readonly line: Pick<FairLineOptions, 'waitingPerTenant' | 'maxWaitMs' | 'clock'>;
  /** Threads that hold models, ≥ 1. Default one for every two cores. */
  readonly workers?: number | undefined;
  /** Cores that all of them use together. Default all. */
  readonly cores?: number | undefined;
  /** For tests; see {@link ModelThread}. */
  readonly program?: ModelThreadOptions['program'];
}

/** What is known of all lines together, for metrics. */
export interface WorkersState extends LineState {
  readonly models: number;
  /** Threads that ended and were replaced. */
  readonly lost: number;
}

interface WorkerLane extends Lane {
  thread: ModelThread;
  models: number;
}

/** One runs and one stands ready, so that the thread need not wait for this one. */
const RUNS_AT_A_THREAD = 2;
/** Threads that hold models yield to the one that answers small ones: it needs microseconds. */
const NICENESS = 10;
/** A row's cost before any was measured, microseconds. */
const ASSUMED_MICROS = 5_000;
/** A thread that ends again at once is not started without a pause, milliseconds. */
const RESTART_PAUSE_MS = 200;

/** Models too large, or too slow, for the one thread: in threads of their own, each with a line before it. A model is held by one of them; threads and the threads of their runs are as many as there are cores. */
export class WorkerRuntime {
  private readonly lanes: WorkerLane[] = [];
  private readonly workers: number;
  private readonly intraOpThreads: number;
  private numbers = 0;
  private lost = 0;
  private isClosed = false;

  constructor(private readonly options: WorkerRuntimeOptions) {
    const cores = options.cores ?? availableParallelism();
    this.workers = Math.max(1, options.workers ?? Math.floor(cores / 2));
    this.intraOpThreads = Math.max(1, Math.floor(cores / this.workers));
  }

  get state(): WorkersState {
    const sum = { waiting: 0, running: 0, runs: 0, ran: 0, refused: 0, expired: 0, left: 0 };
    let models = 0;
    for (const lane of this.lanes) {
      const state = lane.line.state;
      for (const key of Object.keys(sum) as (keyof LineState)[]) sum[key] += state[key];
      models += lane.models;
    }
    return { ...sum, models, lost: this.lost };
  }

  /** Brings a version in, checks it against what its trainer recorded, and measures it. @throws when it can't be read, run, or gives something else */
  async load(placement: Placement, isVerified: boolean): Promise<DetachedModel> {
    const lane = this.laneOfFewest();
    lane.models += 1;
    try {
      const number = (this.numbers += 1);
      const { thread } = lane;
      const model = await this.read(placement, !isVerified);
      const report = await thread.load(number, model);
      if (report.parity?.isEqual === false) thread.unload(number);
      if (report.parity !== undefined) assertAsRecorded(report.parity);
      return new ThreadedModel({
        lane,
        number,
        thread,
        read: () => this.read(placement, false),
        isBatched: placement.batchInvariant,
        microsPerRow: placement.serving?.micros ?? ASSUMED_MICROS,
        // what was measured, and no less than the weights: memory that was free may have been taken again
        memoryBytes: Math.max(report.residentBytes, placement.sizeBytes),
        onDisposed: () => {
          lane.models -= 1;
        },
      });
    } catch (error) {
      lane.models -= 1;
      throw error;
    }
  }

  /** Ends one thread as if it had died: for tests of what follows. */
  async killOne(): Promise<void> {
    await this.lanes[0]?.thread.kill();
  }

  /** Ends all threads; what waits is refused. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { line } of this.lanes) line.close(shuttingDown());
    await Promise.all(this.lanes.map(({ thread }) => thread.close()));
  }

  private async read(
    { tenantId, artifactDigest, sizeBytes, parityDigest }: Placement,
    verify: boolean,
  ): Promise<ThreadModel> {
    const { bytes } = this.options;
    const file = await bytes.getBytes(tenantId, artifactDigest, sizeBytes);
    if (!verify || parityDigest === null) return { file };
    return { file, parity: await bytes.getBytes(tenantId, parityDigest, MAX_PARITY_BYTES) };
  }

  /** Threads begin with the first model that needs one. */
  private laneOfFewest(): WorkerLane {
    const idle = this.lanes.find(({ models }) => models === 0);
    if (idle !== undefined) return idle;
    if (this.lanes.length < this.workers) {
      const line = new FairLine({ ...this.options.line, parallel: RUNS_AT_A_THREAD, abreast: 1 });
      const lane: WorkerLane = { line, models: 0, thread: this.start(() => lane) };
      this.lanes.push(lane);
      return lane;
    }
    return this.lanes.reduce((fewest, lane) => (lane.models < fewest.models ? lane : fewest));
  }

  private start(laneOf: () => WorkerLane): ModelThread {
    const startedMs = performance.now();
    const { logger, program } = this.options;
    return new ModelThread({
      intraOpThreads: this.intraOpThreads,
      niceness: NICENESS,
      program,
      onLost: (reason) => {
        this.lost += 1;
        logger.error({ err: reason }, 'a thread that runs models has ended; another takes its place');
        const restart = (): void => {
          if (!this.isClosed) laneOf().thread = this.start(laneOf);
        };
        if (performance.now() - startedMs > RESTART_PAUSE_MS) restart();
        else setTimeout(restart, RESTART_PAUSE_MS).unref();
      },
    });
  }
}
