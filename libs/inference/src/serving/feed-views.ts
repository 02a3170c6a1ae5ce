import type { Dtype } from '../skeleton/safetensors.js';
import type { Datatype, TensorData } from '../tensors/tensor.js';

/** Typed views of weights where they lie. */
export const FEED_VIEWS: Partial<
  Record<Dtype, { datatype: Datatype; view: (b: ArrayBuffer, at: number, n: number) => TensorData }>
> = {
  F32: { datatype: 'FP32', view: (b, at, n) => new Float32Array(b, at, n) },
  F64: { datatype: 'FP64', view: (b, at, n) => new Float64Array(b, at, n) },
  F16: { datatype: 'FP16', view: (b, at, n) => new Uint16Array(b, at, n) },
  I64: { datatype: 'INT64', view: (b, at, n) => new BigInt64Array(b, at, n) },
  I32: { datatype: 'INT32', view: (b, at, n) => new Int32Array(b, at, n) },
  I8: { datatype: 'INT8', view: (b, at, n) => new Int8Array(b, at, n) },
  U8: { datatype: 'UINT8', view: (b, at, n) => new Uint8Array(b, at, n) },
};

/** Whether ONNX Runtime can be fed such weights. */
export function isFeedable(dtype: Dtype): boolean {
  return FEED_VIEWS[dtype] !== undefined;
}
