import { problems } from '@myriad/kernel';

/** Makes the deployer's refusals; the codes are listed at the routes of `contracts/http/deployer.ts`. */
export const deployerProblem = problems('deployer');
