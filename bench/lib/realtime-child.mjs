// A replica of `realtime`, composed as its main.ts does it, in a process of its own: with its log in memory and its objects in a folder. Its parent places models and asks what it sees.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { placementChangedV1 } from '@myriad/contracts';
import { createHttpApp } from '@myriad/http';
import { inspectOnnx } from '@myriad/inference';
import { tenantId as asTenant } from '@myriad/kernel';
import { MemoryEventLog, ensureContractTopics, makeEvent, toRecord } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { AppModule, DetachedRuntimes } from '../../services/realtime/dist/app.module.js';
import { FindModel } from '../../services/realtime/dist/application/find-model.js';
import { ModelCache } from '../../services/realtime/dist/application/model-cache.js';
import { EventForwarder } from '../../services/realtime/dist/messaging/event-forwarder.js';
import { PlacementTail } from '../../services/realtime/dist/messaging/placement-tail.js';

const ARRAYS = { FP32: Float32Array, INT32: Int32Array, INT64: BigInt64Array };
const DAY_MS = 86_400_000;
// as main.ts does
setFlagsFromString('--no-allocation-site-pretenuring');
const { root, settings } = JSON.parse(process.env.BENCH_REALTIME);

/** Believes a token that is the tenant's name: what tokens cost is another benchmark's. */
const identityOf = (token) => ({
  claims: {},
  tenantId: token,
  principal: { id: `usr_${token}`, kind: 'user', permissions: new Set(['predictions:invoke', 'models:read']) },
  expiresAtMs: Date.now() + DAY_MS,
});
const verifier = { verify: (token) => Promise.resolve(identityOf(token)), known: identityOf };
const logger = createLogger({ service: 'realtime', level: 'info' });
const log = new MemoryEventLog();
await ensureContractTopics(log);
const store = await FileObjectStore.open({ root });
const app = await createHttpApp(
  AppModule.with({
    log,
    store,
    logger,
    settings: {
      environment: 'production',
      pool: 'bench',
      replicaId: 'r0',
      maxBytes: 2_000_000_000,
      sampleRate: 0,
      samplesPerSecond: 0,
      meterIntervalMs: 1_000,
      failedLoadRetryMs: 1_000,
      ...settings,
    },
  }),
  { service: 'realtime', logger, verifier },
);
const tail = app.get(PlacementTail);
await tail.start();
app.get(EventForwarder).start();
await tail.caughtUpOnce();
await app.listen(0, '127.0.0.1');

let generation = 0;
const questions = {
  /** Places models, each `{tenantId, modelName, file (base64), more}`, and resolves to what they take once all are in memory. */
  place: async (models) => {
    for (const { tenantId, modelName, file, more } of models) {
      const bytes = Buffer.from(file, 'base64');
      const { digest, sizeBytes } = await store.put(asTenant(tenantId), bytes);
      const data = {
        ...placementChangedV1.example,
        ...{ tenantId, modelName, versionId: `ver_${modelName}`, environment: 'production', pool: 'bench' },
        ...{ application: null, generation: (generation += 1), artifactDigest: digest, sizeBytes, serving: null },
        signature: (await inspectOnnx(bytes)).signature,
        ...more,
      };
      await log.append([
        toRecord(makeEvent(placementChangedV1, { tenantId, data, source: 'deployer' }), placementChangedV1),
      ]);
    }
    const taken = [];
    for (const { tenantId, modelName } of models) {
      const ctx = contextOf(tenantId);
      while (!isPlaced(ctx, modelName)) await new Promise((resolve) => setTimeout(resolve, 5));
      const { model } = await app.get(FindModel).bringIn(ctx, modelName);
      taken.push({ modelName, memoryBytes: model.memoryBytes, isDetached: model.run !== undefined });
    }
    return taken;
  },
  /** Runs a second of a model, asked without HTTP: what its runtime alone can do. `tensors` as `{name, datatype, shape, path}`. */
  rate: async ({ tenantId, modelName, tensors, seconds, atOnce }) => {
    const ctx = contextOf(tenantId);
    const { model } = await app.get(FindModel).bringIn(ctx, modelName);
    const read = tensors.map((tensor) => ({ ...tensor, bytes: readFileSync(tensor.path) }));
    const inputs = () =>
      Object.fromEntries(
        read.map(({ name, datatype, shape, bytes }) => {
          const data = new ARRAYS[datatype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
          return [name, { datatype, shape, data }];
        }),
      );
    const rows = tensors[0].shape[0];
    const fromMs = performance.now();
    let count = 0;
    const one = async () => {
      for (; performance.now() - fromMs < seconds * 1000; count += 1) {
        if (model.run === undefined) model.runSync(inputs());
        else await model.run({ tenantId, inputs: inputs(), rows });
        if (model.run === undefined) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    return (count * 1000) / (performance.now() - fromMs);
  },
  workers: () => app.get(DetachedRuntimes).workers.state,
  state: () => app.get(ModelCache).state,
  exit: () => process.exit(0),
};

function contextOf(tenantId) {
  return { tenantId, principal: { id: 'bench', kind: 'system', permissions: new Set() } };
}

function isPlaced(ctx, modelName) {
  try {
    return app.get(FindModel).find(ctx, modelName) !== undefined;
  } catch {
    return false;
  }
}

process.on('message', async ({ question, value }) => {
  try {
    process.send({ answer: await questions[question](value) });
  } catch (error) {
    process.send({ fault: error.stack });
  }
});
process.on('disconnect', () => process.exit());
process.send({ answer: await app.getUrl() });
