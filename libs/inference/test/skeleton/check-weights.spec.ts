import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readSafetensors, SafetensorsError, splitModel, writeSafetensors } from '../../src/index.js';
import { readWeights } from '../../src/skeleton/check-weights.js';

const split = splitModel(readFileSync(`${import.meta.dirname}/../fixtures/shapes/lightgbm_regressor.onnx`));
const [reference] = split.skeleton.graph.nodes.flatMap((node) =>
  node.attributes.filter(({ name }) => name === 'links'),
);

/** The blob with one link set to a value. */
function withLink(at: number, value: number): Uint8Array {
  const tensors = readSafetensors(split.weights).map((tensor) => ({ ...tensor, bytes: tensor.bytes.slice() }));
  const links = tensors.find(({ name }) => name === reference?.reference)!;
  new DataView(links.bytes.buffer).setUint16(2 * at, value, true);
  return writeSafetensors(tensors);
}

test('weights of linked trees are read as they were written', () => {
  expect(reference).toBeDefined();
  expect(readWeights(split.skeleton, split.weights)).toHaveLength(split.skeleton.weights.length);
});

test.each([
  ['to itself', 1, 1],
  ['back', 2, 1],
  ['beyond its tree', 0, 60_000],
])('a link that leads %s is refused: its walk would not end', (_, at, value) => {
  expect(() => readWeights(split.skeleton, withLink(at, value))).toThrow(SafetensorsError);
});

test('a tensor of another type or size is refused', () => {
  const tensors = readSafetensors(split.weights);
  const changed = tensors.map((tensor) => (tensor.dtype === 'I32' ? { ...tensor, dtype: 'F32' as const } : tensor));
  expect(() => readWeights(split.skeleton, writeSafetensors(changed))).toThrow(SafetensorsError);
  expect(() => readWeights(split.skeleton, writeSafetensors(tensors.slice(1)))).toThrow(SafetensorsError);
});
