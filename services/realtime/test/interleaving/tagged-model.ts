import protobuf from 'protobufjs/minimal.js';

const FLOAT = 1;
const length = (field: number): number => (field << 3) | 2;
const varint = (field: number): number => field << 3;

/** An ONNX file `y = x + tag`, x and y FP32 [-1, 1]: its answers say whose it is. Files differ in their tag alone, so they share a skeleton. */
export function taggedModel(tag: number): Buffer {
  const w = protobuf.Writer.create();
  // ModelProto {ir_version = 1, graph = 7, opset_import = 8: {domain = 1, version = 2}}
  w.uint32(varint(1)).int64(8).uint32(length(7)).fork();
  // GraphProto {node = 1: {input = 1, output = 2, op_type = 4}, name = 2, initializer = 5, input = 11, output = 12}
  w.uint32(length(1)).fork().uint32(length(1)).string('x').uint32(length(1)).string('tag');
  w.uint32(length(2)).string('y').uint32(length(4)).string('Add').ldelim();
  w.uint32(length(2)).string('tagged');
  // TensorProto {dims = 1, data_type = 2, float_data = 4, name = 8}
  w.uint32(length(5)).fork().uint32(varint(1)).int64(1).uint32(varint(2)).int32(FLOAT);
  w.uint32(length(4)).fork().float(tag).ldelim().uint32(length(8)).string('tag').ldelim();
  value(w, 11, 'x');
  value(w, 12, 'y');
  w.ldelim().uint32(length(8)).fork().uint32(varint(2)).int64(17).ldelim();
  return Buffer.from(w.finish());
}

/** ValueInfoProto {name = 1, type = 2: {tensor_type = 1: {elem_type = 1, shape = 2: {dim = 1: {dim_value = 1, dim_param = 2}}}}} */
function value(w: protobuf.Writer, field: number, name: string): void {
  w.uint32(length(field)).fork().uint32(length(1)).string(name).uint32(length(2)).fork().uint32(length(1)).fork();
  w.uint32(varint(1)).int32(FLOAT).uint32(length(2)).fork();
  w.uint32(length(1)).fork().uint32(length(2)).string('rows').ldelim();
  w.uint32(length(1)).fork().uint32(varint(1)).int64(1).ldelim();
  w.ldelim().ldelim().ldelim().ldelim();
}
