import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** A whole collection, now: what is left is live. */
export const collectGarbage = runInNewContext('gc');
