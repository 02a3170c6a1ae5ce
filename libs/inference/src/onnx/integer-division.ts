import { inferenceProblem } from '../inference-problem.js';
import type { Constants } from './onnx-checks.js';
import { isDefaultDomain, nodeName } from './onnx-checks.js';
import type { ElementTypes } from './element-types.js';
import type { OnnxNode } from './onnx-model.js';
import type { Bound } from './value-bounds.js';

/** What is surely smaller than the least integer of 32 bits is, but for its sign. */
const BELOW_LEAST = 2 ** 31;

export interface KnownValues {
  readonly types: ElementTypes;
  readonly constants: Constants;
  readonly boundOf: (name: string) => Bound | undefined;
}

/**
 * The least integer divided by −1 is no integer: the processor ends the process, with all models in it. So integers of a request may be divided only by constants that are not −1.
 * (Division by 0 the runtime refuses itself.)
 * @throws {ProblemError} `inference.onnx_unsafe_division`
 */
export function checkDivision(node: OnnxNode, { types, constants, boundOf }: KnownValues): void {
  if (node.opType !== 'Div' || !isDefaultDomain(node)) return;
  const [dividend = '', divisor = ''] = node.inputs;
  if (!types.mayBeInteger(dividend) || !types.mayBeInteger(divisor)) return;
  const bound = boundOf(dividend);
  if (bound !== undefined && bound.degree <= 1 && bound.factor < BELOW_LEAST) return;
  // a bound: all its values are known
  const values = boundOf(divisor) && constants.get(divisor);
  if (values?.every((value) => value !== -1) === true) return;
  throw inferenceProblem(
    'unprocessable',
    'onnx_unsafe_division',
    `${nodeName(node)} divides integers by '${divisor}', which may be -1 where they are the least there is: that ends the process; divide by a constant, or as floats`,
  );
}
