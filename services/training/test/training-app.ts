import {
  applicationChangedV1,
  datasetVersionCommittedV1,
  grantChangedV1,
  type EventData,
  type RouteResponse,
  jobChangedV1,
  runCompletedV1,
  trainingRoutes as routes,
} from '@myriad/contracts';
import { type Clock, type Digest, newId, systemClock, tenantId } from '@myriad/kernel';
import { type ServiceAnswer, ServiceHarness, eventually } from '@myriad/testing';
import { ProcessJobRunner } from '../src/adapters/process/process-job-runner.js';
import { AppModule } from '../src/app.module.js';
import { openTrainingDatabase } from '../src/persistence/training-database.js';
import { fakeRunner, interpreter, runnerEnvironment } from './fake-runner.js';

type Job = RouteResponse<typeof routes.getJob>;

/** Who starts fleet runs here. */
export const STARTER = 'usr_starter';

/** Training under test: real processes that run {@link fakeRunner}. */
export class TrainingApp {
  private constructor(readonly harness: ServiceHarness) {}

  static async start({
    clock = systemClock,
    maxParallelJobs = 2,
  }: { clock?: Clock; maxParallelJobs?: number } = {}): Promise<TrainingApp> {
    const python = interpreter();
    const harness = await ServiceHarness.start({
      service: 'training',
      openDatabase: openTrainingDatabase,
      module: ({ database, objects: store, logger, folder }) => {
        const environment = runnerEnvironment(`${folder}/python`);
        const runner = new ProcessJobRunner({ python, folder: `${folder}/jobs`, environment, objects: store });
        return AppModule.with({ database, store, logger, clock, maxParallelJobs, runner });
      },
    });
    await fakeRunner(harness.parts.folder);
    return new TrainingApp(harness);
  }

  close(): Promise<void> {
    return this.harness.close();
  }

  /** A dataset that the registry told of, twice. */
  async dataset(tenant: string, text = 'a\n1\n', version = 1): Promise<Digest> {
    const { digest } = await this.harness.parts.objects.put(tenantId(tenant), Buffer.from(text));
    const told = { tenantId: tenant, datasetName: 'flights', version, digest };
    await this.harness.publish(datasetVersionCommittedV1, tenant, { ...datasetVersionCommittedV1.example, ...told });
    return digest;
  }

  async grant(tenant: string, more: Partial<EventData<typeof grantChangedV1>> = {}): Promise<void> {
    const told = {
      tenantId: tenant,
      grantId: newId('grt'),
      principalId: STARTER,
      expiresAt: '2099-01-01T00:00:00.000Z',
    };
    await this.harness.publish(grantChangedV1, tenant, { ...grantChangedV1.example, ...told, ...more });
  }

  async application(name: string, recipe: string | null): Promise<void> {
    await this.harness.publish(applicationChangedV1, 'platform', { ...applicationChangedV1.example, name, recipe });
  }

  recipe(
    name: string,
    source: string,
    parameterSchema: Record<string, unknown> = { type: 'object' },
  ): Promise<ServiceAnswer<typeof routes.createRecipe>> {
    const body = { name, source, entryPoint: 'train', parameterSchema };
    return this.harness.request(routes.createRecipe, { tenant: 'platform', body });
  }

  /** Queues a job of `tenant` by a source of its own. */
  submit(
    tenant: string,
    source: string,
    more: Record<string, unknown> = {},
  ): Promise<ServiceAnswer<typeof routes.createJob>> {
    const anyBody = { source, modelName: 'm', datasets: [{ name: 'flights' }], ...more };
    return this.harness.request(routes.createJob, { tenant, anyBody });
  }

  async job(tenant: string, jobId: string): Promise<Job> {
    return (await this.harness.request(routes.getJob, { tenant, params: { jobId } })).body;
  }

  /** The job once it has ended. */
  ended(tenant: string, jobId: string): Promise<Job> {
    return eventually(
      async () => {
        const job = await this.job(tenant, jobId);
        if (job.endedAt === null) throw new Error(`the job is ${job.status}`);
        return job;
      },
      { timeoutMs: 20_000 },
    );
  }

  /** What was told of the ends of these runs. */
  async completions(member: 'jobId' | 'fleetRunId', id: string): Promise<readonly EventData<typeof runCompletedV1>[]> {
    await this.harness.flush();
    return this.harness.eventsOf(runCompletedV1).flatMap(({ data }) => (data[member] === id ? [data] : []));
  }

  async statuses(jobId: string): Promise<readonly string[]> {
    await this.harness.flush();
    return this.harness.eventsOf(jobChangedV1).flatMap(({ data }) => (data.jobId === jobId ? [data.status] : []));
  }
}
