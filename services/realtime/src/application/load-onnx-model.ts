import { OnnxRuntimeModel, checkParity, parseParity } from '@myriad/inference';
import type { ObjectStore } from '@myriad/storage';
import type { Placement } from '../domain/placement.js';
import type { DiskTier } from './disk-tier.js';
import { ModelLoader, type LoadedModel, type Tier } from './model-loader.port.js';

/** Memory of a session without its weights, bytes: 148 KB was measured for a pipeline of nine nodes, 46 KB for a single one. */
const SESSION_BYTES = 150_000;
/** Memory a byte of the file takes: weights are unpacked, and packed again for the kernels; 283 KB was measured for a forest of 44 KB. */
const BYTES_PER_FILE_BYTE = 4;
const MAX_PARITY_BYTES = 4 * 1_048_576;

/** Memory that a version is counted with. */
export function memoryOf(placement: Placement): number {
  return SESSION_BYTES + BYTES_PER_FILE_BYTE * placement.sizeBytes;
}

/** Loads versions from the object store, which checks their digest, and runs the rows that their trainer recorded before they answer anybody. */
export class LoadOnnxModel extends ModelLoader {
  /** Placements whose recorded rows were run: one that comes back into memory is not checked again. */
  private readonly verified = new WeakSet<Placement>();

  private readonly bytes: Pick<ObjectStore, 'getBytes'>;

  constructor(
    store: Pick<ObjectStore, 'getBytes'>,
    private readonly maxBytes: number,
    private readonly disk?: DiskTier,
  ) {
    super();
    this.bytes = disk ?? store;
  }

  tierOf({ tenantId, artifactDigest }: Placement): Tier {
    return this.disk?.holds(tenantId, artifactDigest) === true ? 'disk' : 'store';
  }

  forget({ tenantId, artifactDigest, parityDigest }: Placement): void {
    this.disk?.forget(tenantId, artifactDigest);
    if (parityDigest !== null) this.disk?.forget(tenantId, parityDigest);
  }

  async load(placement: Placement): Promise<LoadedModel> {
    if (memoryOf(placement) > this.maxBytes)
      throw new Error(`it takes ${memoryOf(placement)} bytes of memory; ${this.maxBytes} are there for all models`);
    const bytes = await this.bytes.getBytes(placement.tenantId, placement.artifactDigest, placement.sizeBytes);
    const model = await OnnxRuntimeModel.load(bytes);
    try {
      if (!this.verified.has(placement)) await this.verify(placement, model);
    } catch (error) {
      model.dispose();
      throw error;
    }
    this.verified.add(placement);
    return {
      memoryBytes: memoryOf(placement),
      runSync: (inputs, outputs) => model.runSync(inputs, outputs),
      dispose: () => {
        model.dispose();
      },
    };
  }

  private async verify(placement: Placement, model: OnnxRuntimeModel): Promise<void> {
    if (placement.parityDigest === null) return;
    const recorded = await this.bytes.getBytes(placement.tenantId, placement.parityDigest, MAX_PARITY_BYTES);
    const comparison = checkParity(model, parseParity(recorded, model.signature));
    if (comparison.isEqual) return;
    const { output, index, detail } = comparison.firstDifference ?? { output: '', index: 0, detail: '' };
    throw new Error(
      `its outputs are not what the trainer recorded: output '${output}', value ${index}: ${detail} (largest difference ${comparison.maxAbsoluteDifference})`,
    );
  }
}
