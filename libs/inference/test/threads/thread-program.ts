import { pathToFileURL } from 'node:url';
import type { ModelThreadOptions } from '../../src/threads/model-thread.js';

const here = import.meta.dirname;

/** The TypeScript of the thread, run as Jest runs it. */
export const program: NonNullable<ModelThreadOptions['program']> = {
  url: pathToFileURL(`${here}/../../src/threads/thread-main.ts`),
  execArgv: [
    '--conditions=development',
    '--import',
    pathToFileURL(`${here}/../../../messaging/test/typescript-loader.mjs`).href,
  ],
};
