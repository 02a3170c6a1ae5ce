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
export function checkDivision(node: OnnxNode, known: KnownValues): void {
  if (node.opType !== 'Div' || !isDefaultDomain(node)) return;
  const [dividend = '', divisor = ''] = node.inputs;
  if (!known.types.mayBeInteger(dividend) || !known.types.mayBeInteger(divisor)) return;
  if (isAboveLeast(dividend, known) || isNeverMinusOne(divisor, known)) return;
  throw inferenceProblem(
    'unprocessable',
    'onnx_unsafe_division',
    `${nodeName(node)} divides integers by '${divisor}', which may be -1 where they are the least there is: that ends the process; divide by a constant, or as floats`,
  );
}

function isAboveLeast(dividend: string, { boundOf }: KnownValues): boolean {
  const bound = boundOf(dividend);
  return bound !== undefined && bound.degree <= 1 && bound.factor < BELOW_LEAST;
}

/** Of a divisor all of whose values are known. */
function isNeverMinusOne(divisor: string, { constants, boundOf }: KnownValues): boolean {
  const values = boundOf(divisor) && constants.get(divisor);
  return values?.every((value) => value !== -1) === true;
}
