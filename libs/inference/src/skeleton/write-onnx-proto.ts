import protobuf from 'protobufjs/minimal.js';
import {
  ATTRIBUTE_TYPE,
  type ProtoAttribute,
  type ProtoGraph,
  type ProtoModel,
  type ProtoNode,
  type ProtoTensor,
  type ProtoValue,
} from './onnx-proto.js';

type Writer = protobuf.Writer;

const tag = (field: number, wireType: number): number => (field << 3) | wireType;
const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

function int(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, VARINT)).int64(value);
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32(tag(field, LENGTH)).string(value);
}

function nested(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writer.uint32(tag(field, LENGTH)).fork();
  write(writer);
  writer.ldelim();
}

function writeTensor(writer: Writer, tensor: ProtoTensor): void {
  for (const size of tensor.dims) int(writer, 1, size);
  int(writer, 2, tensor.dataType);
  for (const item of tensor.strings) writer.uint32(tag(6, LENGTH)).bytes(item);
  if (tensor.name !== '') text(writer, 8, tensor.name);
  if (tensor.raw !== undefined) writer.uint32(tag(9, LENGTH)).bytes(tensor.raw);
}

function writeAttribute(writer: Writer, attribute: ProtoAttribute): void {
  text(writer, 1, attribute.name);
  if (attribute.reference !== '') text(writer, 21, attribute.reference);
  else writeAttributeValue(writer, attribute);
  int(writer, 20, attribute.type);
}

function writeAttributeValue(writer: Writer, attribute: ProtoAttribute): void {
  switch (attribute.type) {
    case ATTRIBUTE_TYPE.FLOAT:
      writer.uint32(tag(2, FIXED32)).float(attribute.float);
      break;
    case ATTRIBUTE_TYPE.INT:
      int(writer, 3, attribute.int);
      break;
    case ATTRIBUTE_TYPE.STRING:
      writer.uint32(tag(4, LENGTH)).bytes(attribute.string);
      break;
    case ATTRIBUTE_TYPE.TENSOR: {
      const { tensor } = attribute;
      if (tensor !== undefined)
        nested(writer, 5, (inner) => {
          writeTensor(inner, tensor);
        });
      break;
    }
    case ATTRIBUTE_TYPE.FLOATS:
      for (const value of attribute.floats) writer.uint32(tag(7, FIXED32)).float(value);
      break;
    case ATTRIBUTE_TYPE.INTS:
      for (const value of attribute.ints) int(writer, 8, value);
      break;
    case ATTRIBUTE_TYPE.STRINGS:
      for (const value of attribute.strings) writer.uint32(tag(9, LENGTH)).bytes(value);
      break;
    default:
      throw new TypeError(`attribute '${attribute.name}' is of type ${attribute.type}`);
  }
}

function writeNode(writer: Writer, node: ProtoNode): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 4, node.opType);
  for (const attribute of node.attributes)
    nested(writer, 5, (inner) => {
      writeAttribute(inner, attribute);
    });
  if (node.domain !== '') text(writer, 7, node.domain);
}

function writeValue(writer: Writer, value: ProtoValue): void {
  text(writer, 1, value.name);
  nested(writer, 2, (type) => {
    nested(type, 1, (tensorType) => {
      int(tensorType, 1, value.elementType);
      const { shape } = value;
      if (shape === undefined) return;
      nested(tensorType, 2, (inner) => {
        for (const size of shape)
          nested(inner, 1, (dimension) => {
            if (size >= 0) int(dimension, 1, size);
          });
      });
    });
  });
}

function writeGraph(writer: Writer, graph: ProtoGraph): void {
  for (const node of graph.nodes)
    nested(writer, 1, (inner) => {
      writeNode(inner, node);
    });
  text(writer, 2, 'g');
  for (const tensor of graph.initializers)
    nested(writer, 5, (inner) => {
      writeTensor(inner, tensor);
    });
  for (const [field, values] of [
    [11, graph.inputs],
    [12, graph.outputs],
  ] as const)
    for (const value of values)
      nested(writer, field, (inner) => {
        writeValue(inner, value);
      });
}

/** The bytes of an ONNX file. Equal models give equal bytes. Numbers of tensors are written as `raw` only. */
export function writeOnnxProto(model: ProtoModel): Uint8Array {
  const writer = protobuf.Writer.create();
  int(writer, 1, model.irVersion);
  const { graph } = model;
  if (graph !== undefined)
    nested(writer, 7, (inner) => {
      writeGraph(inner, graph);
    });
  for (const { domain, version } of model.opsets)
    nested(writer, 8, (inner) => {
      text(inner, 1, domain);
      int(inner, 2, version);
    });
  for (const { key, value } of model.metadata)
    nested(writer, 14, (inner) => {
      text(inner, 1, key);
      text(inner, 2, value);
    });
  return writer.finish();
}
