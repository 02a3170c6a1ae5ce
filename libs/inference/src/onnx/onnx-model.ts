/** What is kept of an ONNX file: enough to decide whether to run it, none of its weights. */
export interface OnnxModel {
  irVersion: number;
  producer: string;
  readonly opsets: OnnxOpset[];
  graph: OnnxGraph | undefined;
  readonly functions: OnnxFunction[];
  readonly training: OnnxTraining[];
  readonly metadata: OnnxEntry[];
}

export interface OnnxOpset {
  domain: string;
  version: number;
}

export interface OnnxEntry {
  key: string;
  value: string;
}

export interface OnnxTraining {
  initialization: OnnxGraph | undefined;
  algorithm: OnnxGraph | undefined;
}

export interface OnnxGraph {
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
  readonly sparseInitializers: OnnxSparseTensor[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
}

export interface OnnxFunction {
  name: string;
  domain: string;
  overload: string;
  readonly nodes: OnnxNode[];
  readonly attributes: OnnxAttribute[];
}

export interface OnnxNode {
  opType: string;
  domain: string;
  overload: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: OnnxAttribute[];
}

export interface OnnxAttribute {
  name: string;
  int: number | undefined;
  readonly floats: NumberList;
  readonly ints: NumberList;
  tensor: OnnxTensor | undefined;
  readonly tensors: OnnxTensor[];
  graph: OnnxGraph | undefined;
  readonly graphs: OnnxGraph[];
  sparseTensor: OnnxSparseTensor | undefined;
  readonly sparseTensors: OnnxSparseTensor[];
}

export interface OnnxTensor {
  name: string;
  dataType: number;
  readonly dims: number[];
  /** Length of `raw_data`, undefined when the field is absent. */
  rawLength: number | undefined;
  /** The first bytes of `raw_data`, at most 8 × {@link HEAD_LENGTH}. */
  rawHead: Uint8Array;
  readonly floats: NumberList;
  readonly int32s: NumberList;
  readonly int64s: NumberList;
  readonly doubles: NumberList;
  readonly uint64s: NumberList;
  stringCount: number;
  isExternal: boolean;
  readonly externalData: OnnxEntry[];
}

export interface OnnxSparseTensor {
  values: OnnxTensor | undefined;
  indices: OnnxTensor | undefined;
  readonly dims: number[];
}

export interface OnnxValue {
  name: string;
  type: OnnxType | undefined;
}

export interface OnnxType {
  /** undefined for sequences, maps, optionals, sparse and opaque values. */
  tensor: OnnxTensorType | undefined;
  /** What it is when it is no tensor. */
  other: string | undefined;
}

export interface OnnxTensorType {
  elementType: number;
  shape: OnnxShape | undefined;
}

export interface OnnxShape {
  readonly dims: OnnxDimension[];
}

export interface OnnxDimension {
  /** undefined when the dimension varies. */
  value: number | undefined;
}

/** A list of which only the first {@link HEAD_LENGTH} numbers are kept. */
export interface NumberList {
  count: number;
  readonly head: number[];
}

/** Numbers kept of each list: enough for every shape that a graph spells out. */
export const HEAD_LENGTH = 64;

export function newNumberList(): NumberList {
  return { count: 0, head: [] };
}
