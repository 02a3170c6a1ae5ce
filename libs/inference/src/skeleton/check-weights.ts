import { readSafetensors, SafetensorsError, type WeightTensor } from './safetensors.js';
import type { Skeleton } from './skeleton.js';

/**
 * Reads a blob as a skeleton wants it: the same tensors in the same order, types and ranks, sizes where the skeleton says them.
 * @throws {SafetensorsError} where it is not.
 */
export function readWeights(skeleton: Skeleton, blob: Uint8Array): WeightTensor[] {
  const tensors = readSafetensors(blob);
  if (tensors.length !== skeleton.weights.length)
    throw new SafetensorsError(`${tensors.length} tensors; the skeleton has ${skeleton.weights.length}`);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return skeleton.weights.map(({ name, dtype, shape }) => {
    const tensor = byName.get(name);
    const fits =
      tensor?.dtype === dtype &&
      tensor.shape.length === shape.length &&
      shape.every((size, i) => size === -1 || size === tensor.shape[i]);
    if (!fits)
      throw new SafetensorsError(`'${name}' is ${tensor?.dtype ?? 'missing'}[${tensor?.shape.join(',') ?? ''}]`);
    return tensor;
  });
}
