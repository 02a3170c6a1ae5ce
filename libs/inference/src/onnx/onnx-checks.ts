import { inferenceProblem } from '../inference-problem.js';
import type { OnnxAttribute, OnnxNode, OnnxSparseTensor, OnnxTensor } from './onnx-model.js';
import { elementType, headValues, presentElements } from './onnx-types.js';

/** A file may name other files for its weights; we run what we were given and nothing else. @throws {ProblemError} `inference.onnx_external_data`. */
export function refuseExternalData(tensor: OnnxTensor, where: string): void {
  if (!tensor.isExternal && tensor.externalData.length === 0) return;
  const path = tensor.externalData.find((entry) => entry.key === 'location')?.value ?? '(no location)';
  throw inferenceProblem(
    'unprocessable',
    'onnx_external_data',
    `${where} keeps its data outside the file, at '${path}'; only files that hold their own data are accepted`,
    { errors: [{ pointer: '', detail: `external data path '${path}'` }] },
  );
}

function bomb(detail: string): never {
  throw inferenceProblem('unprocessable', 'onnx_dimension_bomb', detail);
}

/** Product of sizes that must stay below a limit. @throws {ProblemError} `inference.onnx_dimension_bomb`. */
export function boundedProduct(sizes: readonly number[], maxElements: number, where: string): number {
  let product = 1;
  for (const size of sizes) {
    if (size < 0) bomb(`${where} declares a negative size, [${sizes.join(', ')}]`);
    product *= size;
  }
  // a zero among huge sizes still makes some libraries multiply the others first
  const magnitude = sizes.reduce((total, size) => total * Math.max(1, size), 1);
  if (magnitude > maxElements)
    bomb(
      `${where} declares ${magnitude.toPrecision(3)} elements ([${sizes.join(', ')}]); at most ${maxElements} are allowed`,
    );
  return product;
}

/** Dimensions must fit the bytes that are there. @throws {ProblemError} `inference.onnx_dimension_bomb`, `inference.onnx_tensor_mismatch`. */
export function checkTensor(tensor: OnnxTensor, maxElements: number, where: string): void {
  refuseExternalData(tensor, where);
  const type = elementType(tensor.dataType);
  if (type === undefined)
    throw inferenceProblem(
      'unprocessable',
      'onnx_tensor_mismatch',
      `${where} is of unknown element type ${tensor.dataType}`,
    );
  const declared = boundedProduct(tensor.dims, maxElements, where);
  const present = presentElements(tensor);
  if (declared > present) bomb(`${where} declares ${declared} elements and holds ${present}`);
  // types below a byte may end in a byte that is only partly used
  const slack = type.bits > 0 && type.bits < 8 ? 32 / type.bits - 1 : 0;
  if (present > declared + slack)
    throw inferenceProblem(
      'unprocessable',
      'onnx_tensor_mismatch',
      `${where} declares ${declared} elements and holds ${present}`,
    );
}

export function checkSparse(sparse: OnnxSparseTensor, maxElements: number, where: string): void {
  if (sparse.values !== undefined) checkTensor(sparse.values, maxElements, `the values of ${where}`);
  if (sparse.indices !== undefined) checkTensor(sparse.indices, maxElements, `the indices of ${where}`);
  boundedProduct(sparse.dims, maxElements, where);
}

/** Constants by name, as far as a graph spells them out. */
export type Constants = ReadonlyMap<string, readonly number[]>;

/** What a Constant node gives; undefined for strings and for what isn't a number. */
export function constantValue(node: OnnxNode): readonly number[] | undefined {
  const attribute = node.attributes[0];
  if (attribute === undefined) return undefined;
  if (attribute.tensor !== undefined) return headValues(attribute.tensor);
  if (attribute.int !== undefined) return [attribute.int];
  return attribute.ints.count > 0 ? attribute.ints.head : attribute.floats.head;
}

function attributeOf(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}

type SizeRule = (
  node: OnnxNode,
  input: (index: number) => readonly number[] | undefined,
) => readonly number[] | undefined;

const shapeAttribute: SizeRule = (node) => attributeOf(node, 'shape')?.ints.head;

const rangeLength: SizeRule = (_node, input) => {
  const [start, limit, step] = [input(0)?.[0], input(1)?.[0], input(2)?.[0]];
  if (start === undefined || limit === undefined || step === undefined) return undefined;
  return [Math.max(0, Math.ceil((limit - start) / step))];
};

/** Operators whose output size a constant decides: the sizes they multiply. */
const SIZE_RULES: Readonly<Record<string, SizeRule>> = {
  ConstantOfShape: (_node, input) => input(0),
  Expand: (_node, input) => input(1),
  Tile: (_node, input) => input(1),
  OneHot: (_node, input) => input(1)?.slice(0, 1),
  Pad: (node, input) => (attributeOf(node, 'pads')?.ints.head ?? input(1))?.map((size) => Math.abs(size) + 1),
  Resize: (_node, input) => input(3) ?? input(2)?.map(Math.ceil),
  Upsample: (node, input) => (attributeOf(node, 'scales')?.floats.head ?? input(1))?.map(Math.ceil),
  RandomNormal: shapeAttribute,
  RandomUniform: shapeAttribute,
  Range: rangeLength,
};

/** Whether a node is an operator of ONNX itself. */
export const isDefaultDomain = ({ domain }: Pick<OnnxNode, 'domain'>): boolean => domain === '' || domain === 'ai.onnx';

/** A node as messages name it: by its operator and what it gives. */
export const nodeName = (node: Pick<OnnxNode, 'opType' | 'outputs'>): string =>
  `operator ${node.opType} '${node.outputs[0] ?? ''}'`;

/** Operators that make so many elements of each that they get. */
const MULTIPLIERS: ReadonlySet<string> = new Set(['Expand', 'Tile', 'OneHot', 'Pad', 'Resize', 'Upsample']);
/** Of one row: 16 MiB of FP32. */
const MAX_ROW_ELEMENTS = 2 ** 22;

/** Refuses nodes that make a huge tensor from a small constant. @throws {ProblemError} `inference.onnx_dimension_bomb`. */
export function checkNodeSize(node: OnnxNode, constants: Constants, maxElements: number): void {
  if (!isDefaultDomain(node)) return;
  const rule = SIZE_RULES[node.opType];
  if (rule === undefined) return;
  const sizes = rule(node, (index) => constants.get(node.inputs[index] ?? ''));
  if (sizes === undefined) return;
  // −1 in Expand and the like means "as it is"
  boundedProduct(
    sizes.map((size) => Math.max(size, 1)),
    MULTIPLIERS.has(node.opType) ? Math.min(maxElements, MAX_ROW_ELEMENTS) : maxElements,
    nodeName(node),
  );
}
