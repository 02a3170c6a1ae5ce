import { attributeOf, type ProtoNode } from '../skeleton/onnx-proto.js';
import { readWeights } from '../skeleton/check-weights.js';
import type { WeightTensor } from '../skeleton/safetensors.js';
import type { SplitModel } from '../skeleton/split-model.js';
import { unpoolStrings } from '../skeleton/string-pool.js';
import { unpackNumbers } from '../skeleton/tensor-bytes.js';
import { valueOf } from '../skeleton/tree-tables.js';
import type { Landmarks } from './edge-inputs.js';

const MAX_EACH = 2_000;
/** Attributes at whose values an operator decides one way or the other. */
const DECIDING = ['keys', 'offset', 'imputed_value_floats', 'keys_floats', 'keys_int64s', 'cats_int64s'];

/** Thresholds, offsets, categories: where a model's answers change. */
export function landmarksOf({ skeleton, weights }: SplitModel): Landmarks {
  const tensors = new Map(readWeights(skeleton, weights).map((tensor) => [tensor.name, tensor]));
  const integers: number[] = [];
  const floats: number[] = [];
  for (const node of skeleton.graph.nodes)
    for (const name of DECIDING) {
      const tensor = tensors.get(attributeOf(node, name)?.reference ?? '');
      if (tensor === undefined) continue;
      const numbers = unpackNumbers(tensor.dtype, tensor.bytes).slice(0, MAX_EACH);
      if (tensor.dtype === 'I64') integers.push(...numbers);
      else floats.push(...(isTrees(node) ? numbers.map(valueOf) : numbers));
    }
  return { floats: floats.filter(Number.isFinite), integers, texts: textsOf(tensors) };
}

function isTrees({ opType }: ProtoNode): boolean {
  return opType.startsWith('TreeEnsemble');
}

function textsOf(tensors: ReadonlyMap<string, WeightTensor>): string[] {
  const pools = [...tensors.keys()]
    .filter((name) => name.endsWith('.ends'))
    .map((name) => name.slice(0, -'.ends'.length));
  return pools.flatMap((name) => unpoolStrings(name, tensors)).slice(0, MAX_EACH);
}
