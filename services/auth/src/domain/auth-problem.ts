import { problems } from '@myriad/kernel';

/** Makes auth's refusals; the codes are listed at the routes of `contracts/http/auth*.ts`. */
export const authProblem = problems('auth');
