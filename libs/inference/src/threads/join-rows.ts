import { newTensorData, newTensorMap, sliceRows, type Tensor, type TensorMap } from '../tensors/tensor.js';

/** Rows of several requests below each other, in their order. All must have the same inputs with the same dimensions but the first. @throws {RangeError} where they don't */
export function joinRows(requests: readonly TensorMap[]): TensorMap {
  const [first, ...others] = requests;
  if (first === undefined || others.length === 0) return first ?? newTensorMap();
  const joined = newTensorMap();
  for (const name in first) joined[name] = joinTensors(requests.map((inputs) => inputs[name] as Tensor));
  return joined;
}

function joinTensors(tensors: readonly Tensor[]): Tensor {
  const [{ datatype, shape }] = tensors as [Tensor];
  const width = shape.slice(1).join();
  if (tensors.some((tensor) => tensor.shape.slice(1).join() !== width))
    throw new RangeError('rows of several widths have no common shape');
  const rows = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] ?? 1), 0);
  const data = newTensorData(
    datatype,
    tensors.reduce((sum, tensor) => sum + tensor.data.length, 0),
  );
  let at = 0;
  for (const tensor of tensors) {
    if (Array.isArray(data)) for (const [i, text] of (tensor.data as string[]).entries()) data[at + i] = text;
    else (data as Float32Array).set(tensor.data as Float32Array, at);
    at += tensor.data.length;
  }
  return { datatype, shape: [rows, ...shape.slice(1)], data };
}

/** The parts of a joined answer, by the rows of each request; undefined where an output did not grow with the rows. */
export function cutRows(outputs: TensorMap, rowCounts: readonly number[]): readonly TensorMap[] | undefined {
  const rows = rowCounts.reduce((sum, count) => sum + count, 0);
  for (const name in outputs) if (outputs[name]?.shape[0] !== rows) return undefined;
  let at = 0;
  return rowCounts.map((count) => sliceRows(outputs, at, (at += count)));
}
