import { problems } from '@myriad/kernel';

/** Makes training's refusals; the codes are listed at the routes of `contracts/http/training*.ts`. */
export const trainingProblem = problems('training');
