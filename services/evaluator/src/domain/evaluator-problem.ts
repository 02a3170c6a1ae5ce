import { problems } from '@myriad/kernel';

/** Makes the evaluator's refusals; the codes are listed at the routes of `contracts/http/evaluator.ts`. */
export const evaluatorProblem = problems('evaluator');
