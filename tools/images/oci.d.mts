import type { ImageConfig } from './build.mjs';

/** Checks every digest of the image `name` in the layout `out` and unpacks its layers into `root`. @throws {Error} when a blob is not what its name says */
export function unpackImage(out: string, name: string, root: string): Promise<ImageConfig>;
