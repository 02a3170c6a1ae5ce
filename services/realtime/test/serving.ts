import { modelStateChangedV1, placementChangedV1 } from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import { makeEvent, toRecord } from '@myriad/messaging';
import { ServiceHarness } from '@myriad/testing';
import { AppModule, type RealtimeParts } from '../src/app.module.js';
import { ModelCache } from '../src/application/model-cache.js';
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
