import type { Skeleton } from '../skeleton/skeleton.js';
import { Compiler, noKernel, type NodeCompiler } from './compiler.js';
import { ELEMENTWISE_OPS } from './elementwise-ops.js';
import { FEATURE_OPS } from './feature-ops.js';
import { KernelPlan } from './kernel-plan.js';
import { labelEncoder } from './label-encoder.js';
import { LINEAR_OPS } from './linear-ops.js';
import { registerFor } from './registers.js';
import { SHAPE_OPS } from './shape-ops.js';
import { TREE_OPS } from './tree-ops.js';

const OPS: ReadonlyMap<string, NodeCompiler> = new Map(
  Object.entries({
    ...LINEAR_OPS,
    ...FEATURE_OPS,
    ...SHAPE_OPS,
    ...ELEMENTWISE_OPS,
    ...TREE_OPS,
    'ai.onnx.ml:LabelEncoder': labelEncoder,
  }),
);

/**
 * Compiles a skeleton to kernels.
 * @throws {NoKernel} with the reason, for operators and forms of them that have none.
 */
export function compilePlan(skeleton: Skeleton): KernelPlan {
  const compiler = new Compiler(skeleton);
  const { inputs, outputs } = skeleton.signature;
  for (const { name, datatype, shape } of inputs)
    if (shape[0] !== -1 || shape.slice(1).includes(-1))
      noKernel(`'${name}' is ${datatype}[${shape.join(', ')}], not rows of a width`);
  const bound = inputs.map(({ name, datatype, shape }) => {
    const register = registerFor(datatype, shape.slice(1)) ?? noKernel(`inputs of ${datatype}`);
    register.isInput = true;
    compiler.define(name, register);
    return { name, datatype, register };
  });
  for (const node of skeleton.graph.nodes) {
    const compile = OPS.get(`${node.domain}:${node.opType}`) ?? noKernel(`operator ${node.opType}`);
    compile(node, compiler);
  }
  // declared shapes of outputs are often wrong; what comes out is compared with what the runtime gives
  const answers = outputs.map(({ name, datatype }) => {
    const { register, tail } = compiler.value(name);
    if (register.isInput) noKernel(`output '${name}' is an input`);
    const actual = register.kind === 'integers' ? register.datatype : register.kind === 'floats' ? 'FP32' : 'BYTES';
    if (actual !== datatype) noKernel(`'${name}' is ${actual}`);
    register.isOutput = true;
    return { name, register, tail };
  });
  return new KernelPlan({
    skeleton,
    inputs: bound,
    outputs: answers,
    registers: compiler.registers,
    steps: compiler.steps,
  });
}
