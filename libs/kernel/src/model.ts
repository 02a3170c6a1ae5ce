import type { Digest } from './canonical-json.js';

/** Element types, in the words of the Open Inference Protocol. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** How a version is served, as admission found out. */
export interface Serving {
  /** `kernel`: our own code over its weights; `inputs`: ONNX Runtime with weights fed; `whole`: ONNX Runtime on the file as it is. */
  readonly way: 'kernel' | 'inputs' | 'whole';
  /** Of one row; null where none could be timed. */
  readonly micros: number | null;
  /** Memory it takes beside its skeleton, bytes. */
  readonly memoryBytes: number;
  /** The graph and what was learned, objects of the tenant; null where it is served whole. */
  readonly split: {
    readonly skeletonDigest: Digest;
    readonly skeletonBytes: number;
    readonly weightsDigest: Digest;
    readonly weightsBytes: number;
  } | null;
}
