export interface ExitOfPostgres {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface RunningPostgres {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<ExitOfPostgres>;
  kill(signal: NodeJS.Signals): void;
  /** `fast` (default) ends sessions and shuts down cleanly; `immediate` is a crash. Resolves when it has ended. */
  stop(mode?: 'smart' | 'fast' | 'immediate'): Promise<void>;
}

export interface InitOptions {
  readonly dataFolder: string;
  readonly superuserPassword: string;
  /** false leaves flushing to the operating system; for tests. Default true. */
  readonly sync?: boolean;
}

export interface StartOptions {
  readonly dataFolder: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Appended to. Default: nowhere. */
  readonly logFile?: string;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Milliseconds until it must take connections. Default 60,000. */
  readonly timeoutMs?: number;
}

export function binFolder(): string;
export function postgresUser(): { readonly uid: number; readonly gid: number } | undefined;
export function initCluster(options: InitOptions): Promise<boolean>;
export function freePort(): Promise<number>;
export function startPostgres(options: StartOptions): Promise<RunningPostgres>;
export function runningCluster(
  dataFolder: string,
): { readonly pid: number; readonly port: number; readonly ready: boolean } | undefined;
