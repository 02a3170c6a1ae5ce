import { fileURLToPath } from 'node:url';

/** Root of the repository; this file lies three folders below it, compiled or not. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
