import { inferenceProblem } from '../inference-problem.js';
import { ComputedSizes } from './computed-sizes.js';
import { ElementTypes } from './element-types.js';
import { checkDivision } from './integer-division.js';
import { checkNodeSize, checkSparse, checkTensor, constantValue, isDefaultDomain } from './onnx-checks.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from './onnx-model.js';
import { elementType, headValues } from './onnx-types.js';

/** Bounds of a file that is accepted at all. */
export interface OnnxLimits {
  /** Bytes of the file. Default 512 MiB. */
  readonly maxBytes: number;
  /** Nodes of all graphs, with the bodies of local functions counted at each call. Default 200,000. */
  readonly maxNodes: number;
  /** Elements of one tensor, of one input or output row, or of what a constant makes. Default 2^28 (1 GiB of FP32). */
  readonly maxElements: number;
  /** Graphs within graphs (If, Loop, Scan). Default 8. */
  readonly maxSubgraphDepth: number;
}

/** What a graph knows of its values before they are computed. */
interface Scope {
  /** Constants by name, as far as the graph spells them out. */
  readonly constants: Map<string, readonly number[]>;
  readonly sizes: ComputedSizes;
  readonly types: ElementTypes;
}

/** What a walk over all graphs found. */
export class OnnxWalk {
  readonly operators = new Set<string>();
  nodeCount = 0;
  parameterCount = 0;
  subgraphDepth = 0;

  constructor(
    private readonly limits: OnnxLimits,
    /** Whether a node is a call of a function that the file itself defines. */
    private readonly isCall: (node: OnnxNode) => boolean,
  ) {}

  /** Visits a graph with all it holds. @throws {ProblemError} `inference.onnx_*` for what is refused. */
  graph(graph: OnnxGraph): void {
    const scope = emptyScope();
    for (const { name, type } of graph.inputs) {
      scope.sizes.input(name);
      scope.types.set(name, type?.tensor?.elementType);
    }
    this.inner(graph, 0, scope);
  }

  /** Visits the body of a function, of whose inputs nothing is known. @throws {ProblemError} as {@link graph} */
  functionBody(nodes: readonly OnnxNode[]): void {
    this.nodes(nodes, 0, emptyScope());
  }

  private inner(graph: OnnxGraph, depth: number, scope: Scope): void {
    if (depth > this.limits.maxSubgraphDepth)
      throw inferenceProblem(
        'unprocessable',
        'onnx_too_deep',
        `graphs are nested deeper than ${this.limits.maxSubgraphDepth} levels`,
      );
    this.subgraphDepth = Math.max(this.subgraphDepth, depth);
    for (const tensor of graph.initializers) {
      this.tensor(tensor, `initializer '${tensor.name}'`);
      const values = headValues(tensor);
      if (values !== undefined) scope.constants.set(tensor.name, values);
      scope.sizes.initializer(tensor);
      scope.types.set(tensor.name, tensor.dataType);
    }
    for (const sparse of graph.sparseInitializers) {
      const where = `sparse initializer '${sparse.values?.name ?? ''}'`;
      checkSparse(sparse, this.limits.maxElements, where);
      if (sparse.values === undefined) continue;
      this.count(sparse.values);
      scope.types.set(sparse.values.name, sparse.values.dataType);
    }
    this.nodes(graph.nodes, depth, scope);
  }

  private nodes(nodes: readonly OnnxNode[], depth: number, scope: Scope): void {
    for (const node of nodes) {
      this.nodeCount += 1;
      if (this.nodeCount > this.limits.maxNodes)
        throw inferenceProblem('unprocessable', 'onnx_too_large', `more than ${this.limits.maxNodes} nodes`);
      this.operators.add(operatorName(node));
      for (const attribute of node.attributes) this.attribute(attribute, node, depth, scope);
      const value = node.opType === 'Constant' ? constantValue(node) : undefined;
      if (value !== undefined && node.outputs[0] !== undefined) scope.constants.set(node.outputs[0], value);
      checkNodeSize(node, scope.constants, this.limits.maxElements);
      this.operator(node, scope);
    }
  }

  private operator(node: OnnxNode, { constants, sizes, types }: Scope): void {
    checkDivision(node, { types, constants, boundOf: (name) => sizes.boundOf(name) });
    // of what functions of the file and operators of others give, nothing is known
    if (this.isCall(node)) return;
    if (isDefaultDomain(node)) sizes.operator(node);
    if (isDefaultDomain(node) || node.domain === 'ai.onnx.ml') types.operator(node);
  }

  private attribute(attribute: OnnxAttribute, node: OnnxNode, depth: number, scope: Scope): void {
    const where = `attribute '${attribute.name}' of ${node.opType}`;
    const tensors = attribute.tensor === undefined ? attribute.tensors : [attribute.tensor, ...attribute.tensors];
    for (const tensor of tensors) this.tensor(tensor, where);
    const sparse = attribute.sparseTensor;
    for (const item of sparse === undefined ? attribute.sparseTensors : [sparse, ...attribute.sparseTensors])
      checkSparse(item, this.limits.maxElements, where);
    // classical models keep coefficients and trees in attributes
    if (node.domain === 'ai.onnx.ml') this.parameterCount += attribute.floats.count;
    const graphs = attribute.graph === undefined ? attribute.graphs : [attribute.graph, ...attribute.graphs];
    for (const graph of graphs) this.inner(graph, depth + 1, within(scope));
  }

  private tensor(tensor: OnnxTensor, where: string): void {
    checkTensor(tensor, this.limits.maxElements, where);
    this.count(tensor);
  }

  private count(tensor: OnnxTensor): void {
    if (elementType(tensor.dataType)?.isWeight !== true) return;
    this.parameterCount += tensor.dims.reduce((product, size) => product * size, 1);
  }
}

const emptyScope = (): Scope => ({ constants: new Map(), sizes: ComputedSizes.none(), types: new ElementTypes() });
/** What a graph within sees of the graph around it. */
const within = ({ constants, sizes, types }: Scope): Scope => ({
  constants: new Map(constants),
  sizes: sizes.within(),
  types: new ElementTypes(types),
});

/** `domain:operator`; the default domain is written `ai.onnx`. */
export function operatorName(node: Pick<OnnxNode, 'domain' | 'opType'>): string {
  return `${node.domain === '' ? 'ai.onnx' : node.domain}:${node.opType}`;
}
