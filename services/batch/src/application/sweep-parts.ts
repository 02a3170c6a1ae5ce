import { systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { BATCH_JOB_STORE, type BatchJobStore, SCORING, type Scoring } from './ports.js';

const JOBS_A_ROUND = 20;

/** Deletes the parts of jobs that ended: their rows are in the output, or nobody wants them. */
@Injectable()
export class SweepParts {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(BATCH_JOB_STORE) private readonly jobs: BatchJobStore,
    @Inject(SCORING) private readonly scoring: Scoring,
  ) {}

  /** Whether there was anything to do. */
  async execute(): Promise<boolean> {
    const ended = await this.work.runAcrossTenants('batch: parts of jobs that ended', (tx) =>
      this.jobs.findUnswept(tx, JOBS_A_ROUND),
    );
    for (const job of ended) {
      const ctx = systemContext('batch', job.tenantId);
      const shards = await this.work.run(ctx, (tx) => this.jobs.shards(tx, job.batchJobId));
      await this.scoring.sweep(job, shards);
      await this.work.run(ctx, (tx) => this.jobs.markSwept(tx, job.batchJobId));
    }
    return ended.length > 0;
  }
}
