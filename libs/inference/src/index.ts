export { inferenceProblem } from './inference-problem.js';
export { classify, type ModelClass } from './onnx/classify.js';
export { inspectOnnx, inspectOnnxBytes, type OnnxInspection } from './onnx/inspect-onnx.js';
export type { OnnxLimits } from './onnx/walk-onnx.js';
export { compareOutputs, EXACT, PARITY_TOLERANCE, type Comparison, type Tolerance } from './runtime/compare-outputs.js';
export { OnnxRuntimeModel, type LoadOptions } from './runtime/onnx-runtime-model.js';
export { checkParity, parseParity, type ParityRecord } from './runtime/parity.js';
export type { RunnableModel } from './runtime/runnable-model.js';
export { isBatchInvariant, measureLatency, type Latency } from './runtime/profile-model.js';
export {
  chooseServing,
  type ChoiceOptions,
  type ServingChoice,
  type ServingWay,
  type WayVerdict,
} from './serving/choose-serving.js';
export { HostedModel } from './serving/hosted-model.js';
export { estimateSessionBytes, ModelHost, type ModelParts } from './serving/model-host.js';
export { readParts, type StoredVersion } from './serving/read-parts.js';
export { joinModel } from './skeleton/join-model.js';
export { readSafetensors, SafetensorsError, writeSafetensors } from './skeleton/safetensors.js';
export { splitModel, type SplitModel } from './skeleton/split-model.js';
export { Unsplittable } from './skeleton/unsplittable.js';
export { HEADER_LENGTH, splitBody, type InferBody } from './tensors/binary-body.js';
export { binaryOf, isBinaryFault, readBinary, type BinaryFault } from './tensors/binary-values.js';
export {
  formatBinaryResponse,
  formatInferResponse,
  toJsonValues,
  toV2Tensor,
  type BinaryAnswer,
  type InferAnswer,
  type V2Tensor,
} from './tensors/format-infer-response.js';
export { MAX_ROWS, parseInferRequest, type InferOptions, type InferRequest } from './tensors/parse-infer-request.js';
export { parseRawRequest } from './tensors/parse-raw-request.js';
export type { ThreadCall, ThreadModel, ThreadModelReport } from './threads/messages.js';
export { ModelThread, ThreadLost, type ModelThreadOptions, type ThreadRun } from './threads/model-thread.js';
export {
  elementCount,
  newTensorData,
  newTensorMap,
  rowCount,
  sliceRows,
  type Datatype,
  type Signature,
  type SignatureView,
  type Tensor,
  type TensorData,
  type TensorMap,
  type TensorSpec,
  type TensorSpecView,
} from './tensors/tensor.js';
