import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseInferRequest } from '@myriad/inference';
import { FakeClock, tenantId, type RequestContext, type TenantId } from '@myriad/kernel';
import { MemoryEventLog, ensureContractTopics } from '@myriad/messaging';
import { FileObjectStore, openLocalCopies, type LocalCopies } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { Test, type TestingModule } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { ApplyPlacement } from '../../src/application/apply-placement.js';
import { DiskTier } from '../../src/application/disk-tier.js';
import { ManageRepository } from '../../src/application/manage-repository.js';
import { ModelCache } from '../../src/application/model-cache.js';
import { Predict } from '../../src/application/predict.js';
import type { PlacementChange } from '../../src/domain/placement.js';
import type { Random } from '../random.js';
import { UncertainStore, swapFiles, type TwoStores } from './uncertain-store.js';

/** What a request was answered: which version says that it answered, and what it added to each value. */
export interface TaggedAnswer {
  readonly version: number;
  readonly tags: readonly number[];
}

/** The real application, as the module puts it together, between a store and a disk that fail as they are told, at times that are told. */
export class Replica {
  readonly clock = new FakeClock();
  isDiskFull = false;
  private readonly applied: PlacementChange[] = [];

  private constructor(
    readonly store: UncertainStore,
    private readonly diskPath: string,
    private readonly log: MemoryEventLog,
    private module: TestingModule | undefined,
    private disk: DiskTier | undefined,
  ) {}

  static async start(stores: TwoStores, folder: string, maxBytes: number): Promise<Replica> {
    const logger = createLogger({ service: 'test', level: 'silent' });
    const store = new UncertainStore(stores);
    const diskPath = join(folder, 'copies');
    const files = await openLocalCopies(await FileObjectStore.open({ root: join(folder, 'main') }), diskPath);
    const log = new MemoryEventLog();
    await ensureContractTopics(log);
    const replica = new Replica(store, diskPath, log, undefined, undefined);
    const copies = Object.assign(Object.create(files) as LocalCopies, {
      write: (...args: Parameters<LocalCopies['write']>) =>
        replica.isDiskFull ? Promise.reject(new Error('ENOSPC: no space left on device')) : files.write(...args),
    });
    const disk = new DiskTier({ store, copies, maxBytes: 20_000, logger, bytesOnDisk: (fileBytes) => fileBytes });
    replica.disk = disk;
    await disk.open();
    const settings = {
      ...{
        environment: 'production',
        pool: 'tabular-small',
        replicaId: 'r0',
        maxBytes,
        tenantFloorBytes: maxBytes / 8,
      },
      ...{ sampleRate: 0, samplesPerSecond: 0, meterIntervalMs: 1_000, failedLoadRetryMs: 500 },
    };
    const parts = { log, store, disk, logger, settings, clock: replica.clock };
    replica.module = await Test.createTestingModule({ imports: [AppModule.with(parts)] }).compile();
    replica.get(ApplyPlacement).start();
    return replica;
  }

  apply(placement: PlacementChange): void {
    this.applied.push(placement);
    this.get(ApplyPlacement).apply(placement, this.clock.nowMs());
  }

  /** A placement comes again that others have followed since, as after a restart of the log's reader. */
  applyStale(random: Random): void {
    if (this.applied.length > 0) this.get(ApplyPlacement).apply({ ...random.pick(this.applied) }, this.clock.nowMs());
  }

  async infer(
    tenant: TenantId,
    modelName: string,
    values: readonly number[],
    timeoutMs?: number,
  ): Promise<TaggedAnswer> {
    const data = [...values];
    const json = { inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length, 1], data }] };
    return this.get(Predict).execute(this.contextOf(tenant, timeoutMs), {
      modelName,
      read: (signature) => parseInferRequest(json, signature),
      write: ({ modelVersion }, _request, outputs) => {
        const y = outputs['y']!.data as Float32Array;
        return { version: Number(modelVersion), tags: Array.from(y, (value, i) => value - data[i]!) };
      },
    });
  }

  load(tenant: TenantId, modelName: string): Promise<unknown> {
    return this.get(ManageRepository).load(this.contextOf(tenant), modelName, []);
  }

  unload(tenant: TenantId, modelName: string): void {
    this.get(ManageRepository).unload(this.contextOf(tenant), modelName);
  }

  async damageDisk(random: Random): Promise<void> {
    await swapFiles(this.diskPath, random);
  }

  /** Lets what is under way go on until nothing is, with a store and a disk that work. */
  async settle(pending: readonly Promise<unknown>[]): Promise<void> {
    const progress = { isDone: false };
    this.isDiskFull = false;
    void Promise.allSettled([...pending, this.get(ApplyPlacement).idle()]).then(() => (progress.isDone = true));
    for (let turn = 0; !progress.isDone; turn += 1) {
      if (turn > 50_000) throw new Error('what was under way does not end');
      while (this.store.reads > 0) this.store.release(0, 'right');
      await setImmediate();
      this.clock.advance(100);
    }
  }

  async close(): Promise<void> {
    await this.get(ModelCache).close();
    // a copy may still be written, and the folder goes next
    await this.disk?.idle();
    await this.log.close();
  }

  private contextOf(tenant: TenantId, timeoutMs?: number): RequestContext {
    return {
      tenantId: tenantId(tenant),
      principal: { id: 'usr_1', kind: 'user', homeTenantId: tenant, permissions: new Set(['predictions:invoke']) },
      requestId: 'r',
      ...(timeoutMs === undefined ? {} : { deadlineMs: this.clock.nowMs() + timeoutMs }),
    } as unknown as RequestContext;
  }

  private get<T>(type: abstract new (...args: never[]) => T): T {
    return this.module!.get<T>(type);
  }
}
