import {
  HEAD_LENGTH,
  newNumberList,
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxEntry,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxOpset,
  type OnnxShape,
  type OnnxSparseTensor,
  type OnnxTensor,
  type OnnxTensorType,
  type OnnxTraining,
  type OnnxType,
  type OnnxValue,
} from './onnx-model.js';
import { bytes, int, integers, message, messages, numbers, text, type FieldReader, type MessageType } from './wire.js';

/** Field numbers as in github.com/onnx/onnx, onnx/onnx-ml.proto3, IR versions 3 to 14; fields that decide nothing here are skipped. */
const ENTRY: MessageType<OnnxEntry> = {
  name: 'StringStringEntryProto',
  make: () => ({ key: '', value: '' }),
  fields: { 1: text((m, v) => (m.key = v)), 2: text((m, v) => (m.value = v)) },
};

const EXTERNAL = 1;

const TENSOR: MessageType<OnnxTensor> = {
  name: 'TensorProto',
  make: () => ({
    name: '',
    dataType: 0,
    dims: [],
    rawLength: undefined,
    rawHead: new Uint8Array(),
    floats: newNumberList(),
    int32s: newNumberList(),
    int64s: newNumberList(),
    doubles: newNumberList(),
    uint64s: newNumberList(),
    stringCount: 0,
    isExternal: false,
    externalData: [],
  }),
  fields: {
    1: integers((m) => m.dims),
    2: int((m, v) => (m.dataType = v)),
    4: numbers('float', (m) => m.floats),
    5: numbers('varint', (m) => m.int32s),
    6: bytes((m) => (m.stringCount += 1)),
    7: numbers('varint', (m) => m.int64s),
    8: text((m, v) => (m.name = v)),
    9: bytes((m, v) => {
      m.rawLength = v.length;
      m.rawHead = v.subarray(0, 8 * HEAD_LENGTH);
    }),
    10: numbers('double', (m) => m.doubles),
    11: numbers('varint', (m) => m.uint64s),
    13: messages('externalData', () => ENTRY),
    14: int((m, v) => (m.isExternal = v === EXTERNAL)),
  },
};

const SPARSE: MessageType<OnnxSparseTensor> = {
  name: 'SparseTensorProto',
  make: () => ({ values: undefined, indices: undefined, dims: [] }),
  fields: {
    1: message('values', () => TENSOR),
    2: message('indices', () => TENSOR),
    3: integers((m) => m.dims),
  },
};

const DIMENSION: MessageType<OnnxDimension> = {
  name: 'TensorShapeProto.Dimension',
  make: () => ({ value: undefined }),
  fields: { 1: int((m, v) => (m.value = v)), 2: text((m) => (m.value = undefined)) },
};

const SHAPE: MessageType<OnnxShape> = {
  name: 'TensorShapeProto',
  make: () => ({ dims: [] }),
  fields: {
    1: messages('dims', () => DIMENSION),
  },
};

const TENSOR_TYPE: MessageType<OnnxTensorType> = {
  name: 'TypeProto.Tensor',
  make: () => ({ elementType: 0, shape: undefined }),
  fields: {
    1: int((m, v) => (m.elementType = v)),
    2: message('shape', () => SHAPE),
  },
};

const otherType = (name: string): FieldReader<OnnxType> =>
  bytes((m) => {
    m.other = name;
  });

const TYPE: MessageType<OnnxType> = {
  name: 'TypeProto',
  make: () => ({ tensor: undefined, other: undefined }),
  fields: {
    1: message('tensor', () => TENSOR_TYPE),
    4: otherType('sequence'),
    5: otherType('map'),
    7: otherType('opaque value'),
    8: otherType('sparse tensor'),
    9: otherType('optional'),
  },
};

const VALUE: MessageType<OnnxValue> = {
  name: 'ValueInfoProto',
  make: () => ({ name: '', type: undefined }),
  fields: {
    1: text((m, v) => (m.name = v)),
    2: message('type', () => TYPE),
  },
};

const ATTRIBUTE: MessageType<OnnxAttribute> = {
  name: 'AttributeProto',
  make: () => ({
    name: '',
    int: undefined,
    floats: newNumberList(),
    ints: newNumberList(),
    tensor: undefined,
    tensors: [],
    graph: undefined,
    graphs: [],
    sparseTensor: undefined,
    sparseTensors: [],
  }),
  fields: {
    1: text((m, v) => (m.name = v)),
    3: int((m, v) => (m.int = v)),
    5: message('tensor', () => TENSOR),
    6: message('graph', () => GRAPH),
    7: numbers('float', (m) => m.floats),
    8: numbers('varint', (m) => m.ints),
    10: messages('tensors', () => TENSOR),
    11: messages('graphs', () => GRAPH),
    22: message('sparseTensor', () => SPARSE),
    23: messages('sparseTensors', () => SPARSE),
  },
};

const NODE: MessageType<OnnxNode> = {
  name: 'NodeProto',
  make: () => ({ opType: '', domain: '', overload: '', inputs: [], outputs: [], attributes: [] }),
  fields: {
    1: text((m, v) => m.inputs.push(v)),
    2: text((m, v) => m.outputs.push(v)),
    4: text((m, v) => (m.opType = v)),
    5: messages('attributes', () => ATTRIBUTE),
    7: text((m, v) => (m.domain = v)),
    8: text((m, v) => (m.overload = v)),
  },
};

const GRAPH: MessageType<OnnxGraph> = {
  name: 'GraphProto',
  make: () => ({ nodes: [], initializers: [], sparseInitializers: [], inputs: [], outputs: [] }),
  fields: {
    1: messages('nodes', () => NODE),
    5: messages('initializers', () => TENSOR),
    11: messages('inputs', () => VALUE),
    12: messages('outputs', () => VALUE),
    15: messages('sparseInitializers', () => SPARSE),
  },
};

const OPSET: MessageType<OnnxOpset> = {
  name: 'OperatorSetIdProto',
  make: () => ({ domain: '', version: 0 }),
  fields: { 1: text((m, v) => (m.domain = v)), 2: int((m, v) => (m.version = v)) },
};

const FUNCTION: MessageType<OnnxFunction> = {
  name: 'FunctionProto',
  make: () => ({ name: '', domain: '', overload: '', nodes: [], attributes: [] }),
  fields: {
    1: text((m, v) => (m.name = v)),
    7: messages('nodes', () => NODE),
    10: text((m, v) => (m.domain = v)),
    11: messages('attributes', () => ATTRIBUTE),
    13: text((m, v) => (m.overload = v)),
  },
};

const TRAINING: MessageType<OnnxTraining> = {
  name: 'TrainingInfoProto',
  make: () => ({ initialization: undefined, algorithm: undefined }),
  fields: {
    1: message('initialization', () => GRAPH),
    2: message('algorithm', () => GRAPH),
  },
};

/** The root of an ONNX file. */
export const MODEL: MessageType<OnnxModel> = {
  name: 'ModelProto',
  make: () => ({
    irVersion: 0,
    producer: '',
    opsets: [],
    graph: undefined,
    functions: [],
    training: [],
    metadata: [],
  }),
  fields: {
    1: int((m, v) => (m.irVersion = v)),
    2: text((m, v) => (m.producer = v)),
    7: message('graph', () => GRAPH),
    8: messages('opsets', () => OPSET),
    14: messages('metadata', () => ENTRY),
    20: messages('training', () => TRAINING),
    25: messages('functions', () => FUNCTION),
  },
};
