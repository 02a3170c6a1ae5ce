/** A program that is needed and not there; the message names it. */
export class EngineUnavailable extends Error {
  readonly engine: string;
  readonly missing: string;
}

export interface EngineProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  isHealthy(): Promise<boolean>;
}

export interface KafkaProgramOptions {
  readonly port: number;
  /** Where clients are told to come; default `port`. */
  readonly advertisedPort?: number;
  readonly controllerPort: number;
  /** Holds configuration and data. */
  readonly dir: string;
  /** A broker that is silent for so long counts as gone, milliseconds. Default 3,000. */
  readonly sessionMs?: number;
}

export interface S3ProgramOptions {
  readonly port: number;
  /** Holds the buckets. */
  readonly dir: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function fetchKafka(): Promise<string>;
export function fetchS3(): Promise<string>;
export function kafkaProgram(options: KafkaProgramOptions): Promise<EngineProgram>;
export function s3Program(options: S3ProgramOptions): Promise<EngineProgram>;
/** Runs promtool in `cwd`. @throws {EngineUnavailable} without Go */
export function promtool(
  args: readonly string[],
  options?: { readonly cwd?: string },
): Promise<{ readonly status: number; readonly output: string }>;
/** The objects of a kustomization as YAML documents. @throws with what Kustomize says */
export function renderKustomization(folder: string): Promise<string>;
