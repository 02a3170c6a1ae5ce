import { readFileSync } from 'node:fs';
import type { EventData, placementChangedV1 } from '@myriad/contracts';
import { inspectOnnxBytes, splitModel } from '@myriad/inference';
import { digestOf, newId, tenantId, type Digest } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { Placement, PlacementChange } from '../src/domain/placement.js';
import type { RoutingTable } from '../src/domain/routing-table.js';

const FIXTURES = `${import.meta.dirname}/../../../libs/inference/test/fixtures`;

/** A real model, or the rows its trainer recorded. */
export const fixture = (name: string): Buffer => readFileSync(`${FIXTURES}/${name}`);

export type PlacementData = EventData<typeof placementChangedV1>;

/** Rows of placements that stand in no table. */
let rows = 0;

/** What the deployer says of the logistic model, with what a test cares for put in; also as if it were placed, in a row of its own. */
export function placementOf(
  more: Partial<PlacementData & Pick<PlacementChange, 'candidate'>> = {},
  bytes = fixture('logistic.onnx'),
): Placement & PlacementChange & PlacementData {
  const data: PlacementData = {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: newId('ver'),
    application: 'flight-delay',
    environment: 'production',
    pool: 'tabular-small',
    generation: 1,
    status: 'active',
    artifactDigest: digestOf(bytes),
    sizeBytes: bytes.length,
    parityDigest: null,
    signature: inspectOnnxBytes(bytes).signature,
    batchInvariant: true,
    rolloutId: 'rol_1',
    ...more,
  };
  rows += 1;
  return { ...data, tenantId: tenantId(data.tenantId), tenant: 0, row: rows, stamp: rows };
}

/** A version as a table has it; the same one for the same tenant, model and version. */
export function placedIn(table: RoutingTable, change: PlacementChange): Placement {
  table.apply(change);
  const placement = table.pending(change.tenantId, change.modelName) ?? table.find(change.tenantId, change.modelName);
  if (placement === undefined) throw new Error('it was not placed');
  return placement;
}

/** Splits a model as admission does, and puts both parts among the tenant's objects. */
export function splitInto(
  put: (bytes: Buffer) => Digest,
  bytes: Buffer,
  way: 'kernel' | 'inputs' = 'kernel',
): NonNullable<PlacementData['serving']> {
  const { skeleton, weights } = splitModel(bytes);
  const split = {
    skeletonDigest: put(Buffer.from(skeleton.bytes)),
    skeletonBytes: skeleton.bytes.length,
    weightsDigest: put(Buffer.from(weights)),
    weightsBytes: weights.length,
  };
  return { way, micros: 1, memoryBytes: weights.length, split };
}

/** A V2 request of `rows` flights. */
export function flights(rows: number, changes: Readonly<Record<string, object>> = {}): { inputs: object[] } {
  const column = (name: string, datatype: string, value: unknown): object => ({
    name,
    datatype,
    shape: [rows, 1],
    data: Array.from({ length: rows }, () => value),
    ...changes[name],
  });
  return {
    inputs: [
      column('month', 'FP32', 3),
      column('hour', 'FP32', 17),
      column('distance', 'FP32', null),
      column('origin', 'BYTES', 'JFK'),
    ],
  };
}

/** An object store of a test, with a door that the test can shut. */
export class StoreOfTest implements Pick<ObjectStore, 'getBytes'> {
  readonly objects = new Map<string, Buffer>();
  reads = 0;
  /** Awaited by every read. */
  gate: Promise<void> = Promise.resolve();
  failure: Error | undefined;

  put(tenant: string, bytes: Buffer): Digest {
    const digest = digestOf(bytes);
    this.objects.set(`${tenant}/${digest}`, bytes);
    return digest;
  }

  async getBytes(tenant: string, digest: Digest): Promise<Buffer> {
    this.reads += 1;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const bytes = this.objects.get(`${tenant}/${digest}`);
    if (bytes === undefined) throw new Error(`no object ${digest}`);
    return bytes;
  }
}
