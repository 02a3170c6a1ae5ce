import { inferenceProblem } from '../inference-problem.js';
import type { OnnxFunction, OnnxNode } from './onnx-model.js';

function keyOf(item: { readonly domain: string; readonly overload: string }, name: string): string {
  return `${item.domain === 'ai.onnx' ? '' : item.domain}\u0000${name}\u0000${item.overload}`;
}

/** The calls of a node list, those in subgraphs included. */
function* allNodes(nodes: readonly OnnxNode[]): Generator<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const attribute of node.attributes) {
      if (attribute.graph !== undefined) yield* allNodes(attribute.graph.nodes);
      for (const graph of attribute.graphs) yield* allNodes(graph.nodes);
    }
  }
}

/**
 * Local functions are inlined by the runtime: each call becomes a copy of the body. A few functions that call each other twice make 2^n nodes of a small file, so the copies are counted here.
 */
export class LocalFunctions {
  private readonly functions: ReadonlyMap<string, OnnxFunction>;
  private readonly sizes = new Map<string, number | 'open'>();

  constructor(
    functions: readonly OnnxFunction[],
    private readonly maxNodes: number,
  ) {
    this.functions = new Map(functions.map((item) => [keyOf(item, item.name), item]));
  }

  /** Whether a node is a call of a function that the file itself defines. */
  isCall(node: OnnxNode): boolean {
    return this.functions.has(keyOf(node, node.opType));
  }

  /** Nodes after inlining. @throws {ProblemError} `inference.onnx_too_large`, or `inference.onnx_too_deep` when a function calls itself. */
  expandedCount(nodes: readonly OnnxNode[]): number {
    let count = 0;
    for (const node of allNodes(nodes)) {
      count += 1 + this.sizeOf(keyOf(node, node.opType));
      if (count > this.maxNodes)
        throw inferenceProblem(
          'unprocessable',
          'onnx_too_large',
          `more than ${this.maxNodes} nodes once functions are inlined`,
        );
    }
    return count;
  }

  private sizeOf(key: string): number {
    const body = this.functions.get(key);
    if (body === undefined) return 0;
    const known = this.sizes.get(key);
    if (known === 'open')
      throw inferenceProblem('unprocessable', 'onnx_too_deep', `function '${body.name}' calls itself`);
    if (known !== undefined) return known;
    this.sizes.set(key, 'open');
    const size = this.expandedCount(body.nodes);
    this.sizes.set(key, size);
    return size;
  }
}
