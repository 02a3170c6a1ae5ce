import type { modelConfigSchema, modelMetadataSchema, modelStatisticsSchema } from '@myriad/contracts';
import { MAX_ROWS } from '@myriad/inference';
import type { z } from 'zod';
import type { Placement } from '../domain/placement.js';
import type { CountedVersion } from './manage-repository.js';

type Metadata = z.output<typeof modelMetadataSchema>;
type Config = z.output<typeof modelConfigSchema>;
type Statistics = z.output<typeof modelStatisticsSchema>['model_stats'][number];
type Tensors = Placement['signature']['inputs'];

/** A version in the words of the protocol. */
export function metadataOf({ modelName, version, signature }: Placement): Metadata {
  const copy = (tensors: Tensors): Metadata['inputs'] =>
    tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] }));
  return {
    name: modelName,
    versions: [String(version)],
    platform: 'onnxruntime_onnx',
    inputs: copy(signature.inputs),
    outputs: copy(signature.outputs),
  };
}

/** A version as Triton's model configuration (model_config.proto). */
export function configOf({ modelName, version, signature }: Placement): Config {
  const { inputs, outputs } = signature;
  const isBatched = [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
  return {
    name: modelName,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: { specific: { versions: [version] } },
    max_batch_size: isBatched ? MAX_ROWS : 0,
    input: inputs.map((tensor) => configTensorOf(tensor, isBatched)),
    output: outputs.map((tensor) => configTensorOf(tensor, isBatched)),
  };
}

/** Dimensions leave the batch out; where nothing is left, Triton writes one value and that it is reshaped to none. */
function configTensorOf({ name, datatype, shape }: Tensors[number], isBatched: boolean): Config['input'][number] {
  const dims = isBatched ? shape.slice(1) : [...shape];
  const data_type = `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
  return dims.length === 0 ? { name, data_type, dims: [1], reshape: { shape: [] } } : { name, data_type, dims };
}

/** What a version did, as Triton's statistics extension says it. Nothing waits in a queue or is answered from a cache. */
export function statisticsOf({ placement, statistics }: CountedVersion): Statistics {
  const { requests, rows, failures, inputMicros, inferMicros, outputMicros, lastMs } = statistics;
  const took = (micros: number): { count: number; ns: number } => ({ count: requests, ns: Math.round(micros * 1_000) });
  const never = { count: 0, ns: 0 };
  return {
    name: placement.modelName,
    version: String(placement.version),
    last_inference: lastMs,
    inference_count: rows,
    execution_count: requests,
    inference_stats: {
      success: took(inputMicros + inferMicros + outputMicros),
      fail: { count: failures, ns: 0 },
      queue: { count: requests, ns: 0 },
      compute_input: took(inputMicros),
      compute_infer: took(inferMicros),
      compute_output: took(outputMicros),
      cache_hit: never,
      cache_miss: never,
    },
    batch_stats: [],
    memory_usage: [],
  };
}
