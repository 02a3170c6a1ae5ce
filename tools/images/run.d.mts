import type { ChildProcess } from 'node:child_process';
import type { ImageConfig } from './build.mjs';

/** Why images can't be run here, or undefined. */
export function whyNotRunnable(): string | undefined;
/** Makes the places that are mounted over. */
export function prepareRoot(root: string): void;
/** Starts the image's program with a read-only root, as its user; the mounts end with it. */
export function runImage(
  root: string,
  options: {
    readonly config: ImageConfig;
    /** Default this process's. */
    readonly node?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Folders of this machine by where they are mounted, /run/myriad and /run/tls. */
    readonly mounts?: Readonly<Record<string, string>>;
  },
): ChildProcess;
