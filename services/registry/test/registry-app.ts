import { type EventData, type modelVersionSchema, registryRoutes, runCompletedV1 } from '@myriad/contracts';
import { type Digest, FakeClock, newId, tenantId } from '@myriad/kernel';
import { ServiceHarness } from '@myriad/testing';
import type { z } from 'zod';
import { AppModule } from '../src/app.module.js';
import type { SweepSettings } from '../src/application/collect-orphans.js';
import { openRegistryDatabase } from '../src/persistence/registry-database.js';

type ModelVersion = z.infer<typeof modelVersionSchema>;
type RunCompleted = EventData<typeof runCompletedV1>;

/** The registry under test, on a clock that the test moves. */
export class RegistryApp {
  private constructor(
    readonly harness: ServiceHarness,
    readonly clock: FakeClock,
  ) {}

  /** @param sweep how objects that no row names are looked for; then the clock begins now, as their age does */
  static async start(sweep?: SweepSettings): Promise<RegistryApp> {
    const clock = sweep ? new FakeClock(Date.now()) : new FakeClock();
    const harness = await ServiceHarness.start({
      service: 'registry',
      openDatabase: openRegistryDatabase,
      module: ({ database, log, objects: store, logger }) =>
        AppModule.with({ database, log, store, logger, clock, ...(sweep && { sweep }) }),
    });
    return new RegistryApp(harness, clock);
  }

  close(): Promise<void> {
    return this.harness.close();
  }

  /** Puts bytes where an upload would have put them. */
  async upload(tenant: string, bytes: Uint8Array | string): Promise<Digest> {
    const { digest } = await this.harness.parts.objects.put(tenantId(tenant), Buffer.from(bytes));
    return digest;
  }

  async dataset(tenant: string, name: string): Promise<void> {
    const made = await this.harness.request(registryRoutes.createDataset, { tenant, body: { name } });
    if (made.status !== 201) throw new Error(made.text);
  }

  /** Tells, twice, of a run of `tenant` that ended with this artifact. */
  async runEnded(tenant: string, artifact: Uint8Array, more: Partial<RunCompleted> = {}): Promise<string> {
    const runId = newId('run');
    await this.harness.publish(runCompletedV1, tenant, {
      ...runCompletedV1.example,
      tenantId: tenant,
      runId,
      artifactDigest: await this.upload(tenant, artifact),
      sizeBytes: artifact.length,
      parityDigest: null,
      ...more,
    });
    return runId;
  }

  async version(tenant: string, name: string, version: number): Promise<ModelVersion> {
    return (await this.harness.request(registryRoutes.getModelVersion, { tenant, params: { name, version } })).body;
  }
}
