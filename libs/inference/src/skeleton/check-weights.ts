import { attributeOf, type ProtoNode } from './onnx-proto.js';
import { readSafetensors, SafetensorsError, type WeightTensor } from './safetensors.js';
import type { Skeleton } from './skeleton.js';
import { unpackNumbers } from './tensor-bytes.js';

/**
 * Reads a blob as a skeleton wants it: the same tensors, types and ranks, sizes where the skeleton says them, and trees that end. In the skeleton's order.
 * @throws {SafetensorsError} where it is not.
 */
export function readWeights(skeleton: Skeleton, blob: Uint8Array): WeightTensor[] {
  const tensors = readSafetensors(blob);
  if (tensors.length !== skeleton.weights.length)
    throw new SafetensorsError(`${tensors.length} tensors; the skeleton has ${skeleton.weights.length}`);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const checked = skeleton.weights.map(({ name, dtype, shape }) => {
    const tensor = byName.get(name);
    const fits =
      tensor?.dtype === dtype &&
      tensor.shape.length === shape.length &&
      shape.every((size, i) => size === -1 || size === tensor.shape[i]);
    if (!fits)
      throw new SafetensorsError(`'${name}' is ${tensor?.dtype ?? 'missing'}[${tensor?.shape.join(',') ?? ''}]`);
    return tensor;
  });
  for (const node of skeleton.graph.nodes) if (attributeOf(node, 'links') !== undefined) checkLinks(node, byName);
  return checked;
}

/** A walk through linked trees ends only if every link leads further, within its tree. */
function checkLinks(node: ProtoNode, tensors: ReadonlyMap<string, WeightTensor>): void {
  const numbers = (name: string): number[] => {
    const tensor = tensors.get(attributeOf(node, name)?.reference ?? '');
    return tensor === undefined ? [] : unpackNumbers(tensor.dtype, tensor.bytes);
  };
  const [links, roots] = [numbers('links'), numbers('roots')];
  for (const [tree, start] of roots.entries()) {
    const end = roots[tree + 1] ?? links.length;
    if (start >= end || end > links.length)
      throw new SafetensorsError(`tree ${tree} begins at ${start} and ends at ${end}`);
    for (let i = start; i < end; i += 1) {
      const link = links[i] ?? 0;
      if (link !== 0 && (link <= i - start || start + link + 1 >= end))
        throw new SafetensorsError(`node ${i} of tree ${tree} leads to ${link}`);
    }
  }
}
