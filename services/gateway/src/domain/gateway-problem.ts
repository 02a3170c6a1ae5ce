import { problems } from '@myriad/kernel';

/** Makes the gateway's refusals. */
export const gatewayProblem = problems('gateway');
