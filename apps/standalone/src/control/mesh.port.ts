import type { RestartReport } from '../mesh/rolling-restart.js';
import type { ReplicaSpec, ReplicaStatus } from '../mesh/replica.js';
import type { ProcessStatus } from '../processes/managed-process.js';

/** A process as `GET /processes` shows it. */
export interface ProcessReport extends ProcessStatus {
  /** Resident memory, shared pages included; 0 when it does not run. */
  readonly rssBytes: number;
}

/** What the control door asks of the supervisor. */
export interface Mesh {
  processes(): readonly ProcessReport[];
  /** Ends a process and starts it at once; resolves when the old one has ended. Answers whether there is one of the name. */
  restart(name: string): Promise<boolean>;
  /** Restarts every process of every service in turn. @throws when there is one under way, or a process does not come back. */
  rollingRestart(): Promise<readonly RestartReport[]>;
  readonly replicas: {
    put(name: string, spec: ReplicaSpec): Promise<ReplicaStatus>;
    remove(name: string): Promise<boolean>;
    get(name: string): ReplicaStatus | undefined;
    list(): readonly ReplicaStatus[];
  };
}
