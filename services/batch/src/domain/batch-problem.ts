import { problems } from '@myriad/kernel';

/** Makes batch's refusals; the codes are listed at the routes of `contracts/http/batch.ts`. */
export const batchProblem = problems('batch');
