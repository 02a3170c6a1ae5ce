/**
 * An ONNX file with all that decides what it computes, weights included, so that it can be written again. `onnx/onnx-model.ts` is the lighter view for judging a file.
 * Left out: names of graphs and nodes, documentation, producer, metadata, shapes of inner values.
 */
export interface ProtoModel {
  irVersion: number;
  readonly opsets: { domain: string; version: number }[];
  graph: ProtoGraph | undefined;
  /** The skeleton's own entries only; others are dropped when a model is split. */
  readonly metadata: { key: string; value: string }[];
}

export interface ProtoGraph {
  readonly nodes: ProtoNode[];
  readonly initializers: ProtoTensor[];
  readonly inputs: ProtoValue[];
  readonly outputs: ProtoValue[];
}

export interface ProtoNode {
  opType: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: ProtoAttribute[];
}

/** AttributeProto.AttributeType, those that are carried. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7, STRINGS: 8 } as const;

export interface ProtoAttribute {
  name: string;
  type: number;
  float: number;
  int: number;
  string: Uint8Array;
  tensor: ProtoTensor | undefined;
  readonly floats: number[];
  readonly ints: number[];
  readonly strings: Uint8Array[];
  /** In a skeleton: which weight tensor holds this attribute's values. */
  reference: string;
}

export interface ProtoTensor {
  name: string;
  dataType: number;
  dims: number[];
  raw: Uint8Array | undefined;
  readonly floats: number[];
  readonly int32s: number[];
  readonly int64s: number[];
  readonly doubles: number[];
  readonly uint64s: number[];
  readonly strings: Uint8Array[];
}

export interface ProtoValue {
  name: string;
  elementType: number;
  /** undefined: no shape is declared. −1 varies. */
  shape: number[] | undefined;
}

export function newAttribute(name: string, type: number): ProtoAttribute {
  return {
    name,
    type,
    float: 0,
    int: 0,
    string: new Uint8Array(),
    tensor: undefined,
    floats: [],
    ints: [],
    strings: [],
    reference: '',
  };
}

export function newTensor(name: string, dataType: number, dims: number[]): ProtoTensor {
  return {
    name,
    dataType,
    dims,
    raw: undefined,
    floats: [],
    int32s: [],
    int64s: [],
    doubles: [],
    uint64s: [],
    strings: [],
  };
}

/** The attribute of that name, if the node has it. */
export function attributeOf(node: ProtoNode, name: string): ProtoAttribute | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}

export function intAttribute(node: ProtoNode, name: string, fallback: number): number {
  return attributeOf(node, name)?.int ?? fallback;
}

export function floatAttribute(node: ProtoNode, name: string, fallback: number): number {
  return attributeOf(node, name)?.float ?? fallback;
}

export function stringAttribute(node: ProtoNode, name: string, fallback: string): string {
  const bytes = attributeOf(node, name)?.string;
  return bytes === undefined ? fallback : textOf(bytes);
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
