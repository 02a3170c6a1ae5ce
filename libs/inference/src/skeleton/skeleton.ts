import { digestOf, type Digest } from '@myriad/kernel';
import { elementType } from '../onnx/onnx-types.js';
import type { Signature, TensorSpec } from '../tensors/tensor.js';
import type { ProtoGraph, ProtoModel, ProtoValue } from './onnx-proto.js';
import { readOnnxProto } from './read-onnx-proto.js';
import { DTYPES, inLayoutOrder, type Dtype } from './safetensors.js';
import { Unsplittable, unsplittable } from './unsplittable.js';
import { writeOnnxProto } from './write-onnx-proto.js';

/** A tensor that every model of a skeleton brings. */
export interface WeightSpec {
  readonly name: string;
  readonly dtype: Dtype;
  /** −1: differs from model to model, and shows in no shape of the graph. */
  readonly shape: readonly number[];
}

/**
 * A graph without what was learned
 *
 * Written as an ONNX file of its own dialect: attributes that were lifted are references (`ref_attr_name`) to weights, lifted initializers are names that no node makes, trees
 * keep their form (`layout`, `leaves`) and refer to tables, and the metadata entry `myriad.weights` lists the weights. It says nothing of a tenant but the names of its inputs and
 * outputs, which are the model's signature.
 */
export interface Skeleton {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly model: ProtoModel;
  readonly graph: ProtoGraph;
  readonly signature: Signature;
  /** In the order in which they lie in the blob. */
  readonly weights: readonly WeightSpec[];
}

const WEIGHTS_ENTRY = 'myriad.weights';

/** Puts a skeleton together from a graph whose weights were lifted. */
export function makeSkeleton(model: ProtoModel, weights: readonly WeightSpec[]): Skeleton {
  const listed = inLayoutOrder(weights).map(({ name, dtype, shape }) => [name, dtype, shape]);
  const metadata = [{ key: WEIGHTS_ENTRY, value: JSON.stringify(listed) }];
  return readSkeleton(writeOnnxProto({ ...model, metadata }));
}

/** Reads a skeleton's bytes. @throws {Unsplittable} where they are none. */
export function readSkeleton(bytes: Uint8Array): Skeleton {
  const model = readOnnxProto(bytes);
  const { graph } = model;
  const entry = model.metadata.find(({ key }) => key === WEIGHTS_ENTRY);
  if (graph === undefined || entry === undefined) throw new Unsplittable('not a skeleton');
  const weights = (JSON.parse(entry.value) as [string, Dtype, number[]][]).map(([name, dtype, shape]) => {
    if (!Object.hasOwn(DTYPES, dtype)) throw new Unsplittable(`a weight of type ${dtype}`);
    return { name, dtype, shape };
  });
  return { digest: digestOf(bytes), bytes, model, graph, signature: signatureOf(graph), weights };
}

function signatureOf(graph: ProtoGraph): Signature {
  return { inputs: graph.inputs.map(specOf), outputs: graph.outputs.map(specOf) };
}

function specOf({ name, elementType: type, shape }: ProtoValue): TensorSpec {
  const datatype = elementType(type)?.datatype;
  if (datatype === undefined) unsplittable(`'${name}' is no tensor of the protocol's types`);
  if (shape === undefined) unsplittable(`'${name}' declares no shape`);
  return { name, datatype, shape };
}
