import {
  binaryOf,
  isBinaryFault,
  readBinary,
  type Datatype,
  type Tensor,
  type TensorData,
  type TensorMap,
} from '@myriad/inference';
import type { ModelTensor, Placement } from '../domain/placement.js';
import type { DetachedCall } from '../application/model-loader.port.js';
import type { Message } from './remote-server.js';

/** What a remote server said does not fit what the model is known to give. */
export class RemoteMismatch extends Error {}

/** Where typed contents stand, for servers that answer no raw ones. FP16 and BF16 have none. */
const CONTENTS: Readonly<Partial<Record<Datatype, string>>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};
const ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/**
 * What the remote server knows a model by. A tenant's id has no dot, so the first one ends it: no two tenants' models share a name, whatever they call them.
 */
export function remoteNameOf({ tenantId, modelName }: Pick<Placement, 'tenantId' | 'modelName'>): string {
  return `${tenantId}.${modelName}`;
}

/** ModelInferRequest, its inputs raw, without a copy. */
export function inferMessage(
  placement: Placement,
  { inputs, outputs }: Pick<DetachedCall, 'inputs' | 'outputs'>,
): Message {
  const { signature, version } = placement;
  const sent = signature.inputs.map(({ name }) => ({ name, tensor: inputs[name] as Tensor }));
  const asked = outputs ?? signature.outputs.map(({ name }) => name);
  return {
    model_name: remoteNameOf(placement),
    model_version: String(version),
    inputs: sent.map(({ name, tensor: { datatype, shape } }) => ({ name, datatype, shape })),
    outputs: asked.map((name) => ({ name })),
    raw_input_contents: sent.map(({ tensor }) => binaryOf(tensor)),
  };
}

interface RemoteTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly contents?: Readonly<Record<string, readonly unknown[]>> | null;
}

/** The outputs of a ModelInferResponse. @throws {RemoteMismatch} where one is missing, or is not what the signature says */
export function outputsOf(answer: Message, { outputs }: Placement['signature'], asked?: readonly string[]): TensorMap {
  const given = answer['outputs'] as readonly RemoteTensor[];
  const raw = answer['raw_output_contents'] as readonly Buffer[];
  const wanted = asked === undefined ? outputs : outputs.filter(({ name }) => asked.includes(name));
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const spec of wanted) {
    const at = given.findIndex(({ name }) => name === spec.name);
    const tensor = given[at];
    if (tensor === undefined) throw new RemoteMismatch(`output '${spec.name}' is missing`);
    tensors[spec.name] = { datatype: spec.datatype, shape: tensor.shape, data: valuesOf(tensor, spec, raw[at]) };
  }
  return tensors;
}

function valuesOf(tensor: RemoteTensor, spec: ModelTensor, raw: Buffer | undefined): TensorData {
  assertFits(tensor, spec);
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const values = raw === undefined ? typedValues(tensor, spec.datatype) : readBinary(spec.datatype, raw, count);
  if (isBinaryFault(values)) throw new RemoteMismatch(`output '${spec.name}': ${values.detail}`);
  if (values.length !== count)
    throw new RemoteMismatch(`output '${spec.name}' has ${values.length} values; its shape says ${count}`);
  return values;
}

/** @throws {RemoteMismatch} where a tensor can't be one of the signature: another type, number of dimensions, or fixed size */
export function assertFits(tensor: Pick<RemoteTensor, 'name' | 'datatype' | 'shape'>, spec: ModelTensor): void {
  const fits =
    tensor.datatype === spec.datatype &&
    tensor.shape.length === spec.shape.length &&
    tensor.shape.every((size, at) => Number.isSafeInteger(size) && sizeFits(size, spec.shape[at] ?? -1));
  if (fits) return;
  const form = (datatype: string, shape: readonly number[]): string => `${datatype}[${shape.join(', ')}]`;
  throw new RemoteMismatch(
    `'${spec.name}' is ${form(tensor.datatype, tensor.shape)}; the model has ${form(spec.datatype, spec.shape)}`,
  );
}

const sizeFits = (size: number, known: number): boolean => (known === -1 ? size >= -1 : size === known || size === -1);

function typedValues({ name, contents }: RemoteTensor, datatype: Datatype): TensorData {
  const list = contents?.[CONTENTS[datatype] ?? ''];
  if (list === undefined) throw new RemoteMismatch(`output '${name}' has no values`);
  switch (datatype) {
    case 'BYTES':
      return (list as readonly Buffer[]).map((bytes) => bytes.toString('utf8'));
    case 'INT64':
      return BigInt64Array.from(list as readonly number[], BigInt);
    case 'UINT64':
      return BigUint64Array.from(list as readonly number[], BigInt);
    default:
      return (ARRAYS[datatype as keyof typeof ARRAYS] as typeof Float64Array).from(list as readonly number[]);
  }
}
