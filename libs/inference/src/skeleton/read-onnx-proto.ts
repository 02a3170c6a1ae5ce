import {
  allNumbers,
  bytes,
  decodeWire,
  ignored,
  int,
  integers,
  message,
  messages,
  text,
  type FieldReader,
  type MessageType,
} from '../onnx/wire.js';
import {
  newAttribute,
  newTensor,
  type ProtoAttribute,
  type ProtoGraph,
  type ProtoModel,
  type ProtoNode,
  type ProtoTensor,
  type ProtoValue,
} from './onnx-proto.js';

// Field numbers as in onnx/onnx-ml.proto3. Messages are strict: what is not listed here can't be written again, so a file that has it stays whole.

const TENSOR: MessageType<ProtoTensor> = {
  name: 'TensorProto',
  isStrict: true,
  make: () => newTensor('', 0, []),
  fields: {
    1: integers((m) => m.dims),
    2: int((m, v) => (m.dataType = v)),
    4: allNumbers('float', (m) => m.floats),
    5: allNumbers('varint', (m) => m.int32s),
    6: bytes((m, v) => m.strings.push(v)),
    7: allNumbers('varint', (m) => m.int64s),
    8: text((m, v) => (m.name = v)),
    9: bytes((m, v) => (m.raw = v)),
    10: allNumbers('double', (m) => m.doubles),
    11: allNumbers('varint', (m) => m.uint64s),
    12: ignored,
    16: ignored,
  },
};

const float: FieldReader<ProtoAttribute> = (target, cursor, wireType) => {
  const list: number[] = [];
  allNumbers('float', () => list)(target, cursor, wireType);
  target.float = list.at(-1) ?? 0;
};

const safeInt: FieldReader<ProtoAttribute> = (target, cursor, wireType) => {
  const list: number[] = [];
  allNumbers('varint', () => list)(target, cursor, wireType);
  target.int = list.at(-1) ?? 0;
};

/** No graphs, no sparse tensors, no types: operators that have such attributes are not split. */
const ATTRIBUTE: MessageType<ProtoAttribute> = {
  name: 'AttributeProto',
  isStrict: true,
  make: () => newAttribute('', 0),
  fields: {
    1: text((m, v) => (m.name = v)),
    2: float,
    3: safeInt,
    4: bytes((m, v) => (m.string = v)),
    5: message('tensor', () => TENSOR),
    7: allNumbers('float', (m) => m.floats),
    8: allNumbers('varint', (m) => m.ints),
    9: bytes((m, v) => m.strings.push(v)),
    13: ignored,
    20: int((m, v) => (m.type = v)),
    21: text((m, v) => (m.reference = v)),
  },
};

const NODE: MessageType<ProtoNode> = {
  name: 'NodeProto',
  isStrict: true,
  make: () => ({ opType: '', domain: '', inputs: [], outputs: [], attributes: [] }),
  fields: {
    1: text((m, v) => m.inputs.push(v)),
    2: text((m, v) => m.outputs.push(v)),
    3: ignored,
    4: text((m, v) => (m.opType = v)),
    5: messages('attributes', () => ATTRIBUTE),
    6: ignored,
    7: text((m, v) => (m.domain = v === 'ai.onnx' ? '' : v)),
    9: ignored,
  },
};

interface Dimension {
  value: number;
}

const DIMENSION: MessageType<Dimension> = {
  name: 'TensorShapeProto.Dimension',
  isStrict: true,
  make: () => ({ value: -1 }),
  fields: { 1: int((m, v) => (m.value = v)), 2: text((m) => (m.value = -1)), 3: ignored },
};

interface TensorType {
  elementType: number;
  shape: { dims: Dimension[] } | undefined;
}

const SHAPE: MessageType<{ dims: Dimension[] }> = {
  name: 'TensorShapeProto',
  isStrict: true,
  make: () => ({ dims: [] }),
  fields: { 1: messages('dims', () => DIMENSION) },
};

const TENSOR_TYPE: MessageType<TensorType> = {
  name: 'TypeProto.Tensor',
  isStrict: true,
  make: () => ({ elementType: 0, shape: undefined }),
  fields: { 1: int((m, v) => (m.elementType = v)), 2: message('shape', () => SHAPE) },
};

/** Only tensors: sequences and maps are not split. */
const TYPE: MessageType<{ tensor: TensorType | undefined }> = {
  name: 'TypeProto',
  isStrict: true,
  make: () => ({ tensor: undefined }),
  fields: { 1: message('tensor', () => TENSOR_TYPE), 6: ignored },
};

const VALUE: MessageType<{ name: string; type: { tensor: TensorType | undefined } | undefined }> = {
  name: 'ValueInfoProto',
  isStrict: true,
  make: () => ({ name: '', type: undefined }),
  fields: {
    1: text((m, v) => (m.name = v)),
    2: message('type', () => TYPE),
    3: ignored,
    4: ignored,
  },
};

const values = (list: (graph: ProtoGraph) => ProtoValue[]): FieldReader<ProtoGraph> => {
  return (target, cursor, wireType) => {
    const read = { items: [] as ReturnType<typeof VALUE.make>[] };
    messages('items', () => VALUE)(read, cursor, wireType);
    for (const { name, type } of read.items)
      list(target).push({
        name,
        elementType: type?.tensor?.elementType ?? 0,
        shape: type?.tensor?.shape?.dims.map((dimension) => dimension.value),
      });
  };
};

const GRAPH: MessageType<ProtoGraph> = {
  name: 'GraphProto',
  isStrict: true,
  make: () => ({ nodes: [], initializers: [], inputs: [], outputs: [] }),
  fields: {
    1: messages('nodes', () => NODE),
    2: ignored,
    5: messages('initializers', () => TENSOR),
    10: ignored,
    11: values((m) => m.inputs),
    12: values((m) => m.outputs),
    13: ignored,
    16: ignored,
  },
};

interface Opset {
  domain: string;
  version: number;
}

const OPSET: MessageType<Opset> = {
  name: 'OperatorSetIdProto',
  isStrict: true,
  make: () => ({ domain: '', version: 0 }),
  fields: { 1: text((m, v) => (m.domain = v === 'ai.onnx' ? '' : v)), 2: int((m, v) => (m.version = v)) },
};

const ENTRY: MessageType<{ key: string; value: string }> = {
  name: 'StringStringEntryProto',
  isStrict: true,
  make: () => ({ key: '', value: '' }),
  fields: { 1: text((m, v) => (m.key = v)), 2: text((m, v) => (m.value = v)) },
};

const MODEL: MessageType<ProtoModel> = {
  name: 'ModelProto',
  isStrict: true,
  make: () => ({ irVersion: 0, opsets: [], graph: undefined, metadata: [] }),
  fields: {
    1: int((m, v) => (m.irVersion = v)),
    2: ignored,
    3: ignored,
    4: ignored,
    5: ignored,
    6: ignored,
    7: message('graph', () => GRAPH),
    8: messages('opsets', () => OPSET),
    14: messages('metadata', () => ENTRY),
  },
};

const MAX_ITEMS = 1_000_000;

/**
 * Reads a file for writing it again.
 * @throws `SyntaxError` for what is not carried (subgraphs, functions, sparse and external tensors, integers beyond 2^53), `RangeError` or `ProblemError` for broken bytes.
 */
export function readOnnxProto(file: Uint8Array): ProtoModel {
  return decodeWire(file, MODEL, MAX_ITEMS);
}
