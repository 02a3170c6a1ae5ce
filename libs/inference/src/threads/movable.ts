import { newTensorMap, type Tensor, type TensorData, type TensorMap } from '../tensors/tensor.js';

/**
 * Tensors ready to be moved to another thread, and the memory that moves with them. What owns its memory is moved as it is; a view of something larger is copied once, for whoever
 * holds the rest would lose it. Strings are copied as the message is sent.
 */
export function movable(tensors: TensorMap, moved: Set<ArrayBuffer>): TensorMap {
  const ready = newTensorMap();
  for (const name in tensors) {
    const { datatype, shape, data } = tensors[name] as Tensor;
    ready[name] = { datatype, shape, data: Array.isArray(data) ? data : moving(data, moved) };
  }
  return ready;
}

function moving(data: Exclude<TensorData, string[]>, moved: Set<ArrayBuffer>): TensorData {
  const { buffer } = data;
  const owns = buffer instanceof ArrayBuffer && data.byteLength === buffer.byteLength && !moved.has(buffer);
  const own = owns ? data : data.slice();
  moved.add(own.buffer as ArrayBuffer);
  return own;
}
