import { inferenceProblem } from '../inference-problem.js';
import { checkNodeSize, checkSparse, checkTensor, constantValue } from './onnx-checks.js';
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

/** What a walk over all graphs found. */
export class OnnxWalk {
  readonly operators = new Set<string>();
  nodeCount = 0;
  parameterCount = 0;
  subgraphDepth = 0;

  constructor(private readonly limits: OnnxLimits) {}

  /** Visits a graph with all it holds. @throws {ProblemError} `inference.onnx_*` for what is refused. */
  graph(graph: OnnxGraph, depth = 0, outer: ReadonlyMap<string, readonly number[]> = new Map()): void {
    if (depth > this.limits.maxSubgraphDepth)
      throw inferenceProblem(
        'unprocessable',
        'onnx_too_deep',
        `graphs are nested deeper than ${this.limits.maxSubgraphDepth} levels`,
      );
    this.subgraphDepth = Math.max(this.subgraphDepth, depth);
    const constants = new Map(outer);
    for (const tensor of graph.initializers) {
      this.tensor(tensor, `initializer '${tensor.name}'`);
      const values = headValues(tensor);
      if (values !== undefined) constants.set(tensor.name, values);
    }
    for (const sparse of graph.sparseInitializers) {
      const where = `sparse initializer '${sparse.values?.name ?? ''}'`;
      checkSparse(sparse, this.limits.maxElements, where);
      if (sparse.values !== undefined) this.count(sparse.values);
    }
    this.nodes(graph.nodes, depth, constants);
  }

  nodes(nodes: readonly OnnxNode[], depth: number, constants: Map<string, readonly number[]>): void {
    for (const node of nodes) {
      this.nodeCount += 1;
      if (this.nodeCount > this.limits.maxNodes)
        throw inferenceProblem('unprocessable', 'onnx_too_large', `more than ${this.limits.maxNodes} nodes`);
      this.operators.add(operatorName(node));
      for (const attribute of node.attributes) this.attribute(attribute, node, depth, constants);
      const value = node.opType === 'Constant' ? constantValue(node) : undefined;
      if (value !== undefined && node.outputs[0] !== undefined) constants.set(node.outputs[0], value);
      checkNodeSize(node, constants, this.limits.maxElements);
    }
  }

  private attribute(
    attribute: OnnxAttribute,
    node: OnnxNode,
    depth: number,
    constants: ReadonlyMap<string, readonly number[]>,
  ): void {
    const where = `attribute '${attribute.name}' of ${node.opType}`;
    const tensors = attribute.tensor === undefined ? attribute.tensors : [attribute.tensor, ...attribute.tensors];
    for (const tensor of tensors) this.tensor(tensor, where);
    const sparse = attribute.sparseTensor;
    for (const item of sparse === undefined ? attribute.sparseTensors : [sparse, ...attribute.sparseTensors])
      checkSparse(item, this.limits.maxElements, where);
    // classical models keep coefficients and trees in attributes
    if (node.domain === 'ai.onnx.ml') this.parameterCount += attribute.floats.count;
    const graphs = attribute.graph === undefined ? attribute.graphs : [attribute.graph, ...attribute.graphs];
    for (const graph of graphs) this.graph(graph, depth + 1, constants);
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

/** `domain:operator`; the default domain is written `ai.onnx`. */
export function operatorName(node: Pick<OnnxNode, 'domain' | 'opType'>): string {
  return `${node.domain === '' ? 'ai.onnx' : node.domain}:${node.opType}`;
}
