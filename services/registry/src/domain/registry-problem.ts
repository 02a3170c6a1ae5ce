import { problems } from '@myriad/kernel';

/** Makes the registry's refusals; the codes are listed at the routes of `contracts/http/registry-*.ts`. */
export const registryProblem = problems('registry');
