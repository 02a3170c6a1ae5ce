import { modelStateChangedV1, placementChangedV1 } from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import type { Tls } from '@myriad/http';
import { makeEvent, toRecord } from '@myriad/messaging';
import { createLogger } from '@myriad/telemetry';
import { ServiceHarness } from '@myriad/testing';
import { AppModule, type RealtimeParts } from '../src/app.module.js';
import { FindModel } from '../src/application/find-model.js';
import { ManageRepository } from '../src/application/manage-repository.js';
import { ModelCache } from '../src/application/model-cache.js';
import { Predict } from '../src/application/predict.js';
import { GrpcDoor } from '../src/grpc/grpc-door.js';
import { EventForwarder } from '../src/messaging/event-forwarder.js';
import { PlacementTail } from '../src/messaging/placement-tail.js';
import { fixture, placementOf, type PlacementData } from './support.js';

export const settings: RealtimeParts['settings'] = {
  environment: 'production',
  pool: 'tabular-small',
  replicaId: 'r0',
  maxBytes: 50_000_000,
  sampleRate: 0,
  samplesPerSecond: 0,
  meterIntervalMs: 50,
  failedLoadRetryMs: 200,
};

/** A replica with models of the fixtures. */
export interface Serving {
  readonly harness: ServiceHarness<undefined>;
  /** Places a fixture under a name and waits until it is loaded. */
  place(modelName: string, file: string, more?: Partial<PlacementData>): Promise<PlacementData>;
  close(): Promise<void>;
}

/** Opens the gRPC port of a replica, on a free port. */
export async function openGrpc(
  harness: ServiceHarness<undefined>,
  tls?: Tls,
): Promise<{ readonly door: GrpcDoor; readonly port: number }> {
  const door = new GrpcDoor({
    predict: harness.get(Predict),
    models: harness.get(FindModel),
    repository: harness.get(ManageRepository),
    readiness: harness.get(PlacementTail),
    verifier: harness.verifier,
    tls,
    logger: createLogger({ service: 'realtime', level: 'fatal' }),
    drainMs: 1_000,
  });
  return { door, port: await door.listen(0, '127.0.0.1') };
}

export async function startServing(): Promise<Serving> {
  const harness: ServiceHarness<undefined> = await ServiceHarness.start({
    service: 'realtime',
    module: ({ log, objects, logger }) => AppModule.with({ log, store: objects, logger, settings }),
    beforeListen: async (app) => {
      await app.get(PlacementTail).start();
      app.get(EventForwarder).start();
    },
  });
  return {
    harness,
    place: async (modelName, file, more = {}) => {
      const bytes = fixture(file);
      const data = placementOf({ modelName, ...more }, bytes);
      await harness.parts.objects.put(tenantId(data.tenantId), bytes);
      const event = makeEvent(placementChangedV1, { tenantId: data.tenantId, data, source: 'deployer' });
      await harness.parts.log.append([toRecord(event, placementChangedV1)]);
      await harness.event(modelStateChangedV1, { modelName, state: 'ready', tenantId: data.tenantId });
      return data;
    },
    close: async () => {
      await harness.get(PlacementTail).close();
      await harness.get(EventForwarder).close();
      await harness.get(ModelCache).close();
      await harness.close();
    },
  };
}
