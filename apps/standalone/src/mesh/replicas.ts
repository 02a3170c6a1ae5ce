import { isDeepStrictEqual } from 'node:util';
import { freePort } from '../../../../tools/postgres/launch.mjs';
import { isHttpReady } from '../processes/http-ready.js';
import { launchNode } from '../processes/launch-node.js';
import { ManagedProcess, type ProcessEnvironment } from '../processes/managed-process.js';
import { readJsonFile, writeJsonFile } from '../state/json-file.js';
import type { MeshPlan } from './mesh-plan.js';
import { PORTS, isFree, type ReplicaPorts } from './ports.js';
import { type DesiredReplica, type ReplicaSpec, type ReplicaStatus, desiredReplicasSchema } from './replica.js';
import { type EnvironmentName, REALTIME } from './services.js';

/** As services have. */
const STOP_GRACE_MS = 30_000;

/** The serving processes that the deployer wants. What is wanted is written down first, so a start after a crash brings it back. */
export class Replicas {
  readonly #desired: Map<string, DesiredReplica>;
  readonly #running = new Map<string, ManagedProcess>();
  /** One change at a time: ports are given out and processes replaced in turn. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly plan: MeshPlan,
    private readonly env: ProcessEnvironment,
  ) {
    this.#desired = new Map(Object.entries(desiredReplicasSchema.parse(readJsonFile(plan.state.replicas) ?? {})));
  }

  /** Starts everything that is wanted. */
  startAll(): Promise<void> {
    return this.#inTurn(async () => {
      for (const [name, desired] of this.#desired) {
        if (await this.#areFree(desired)) this.#start(name, desired);
        else await this.#moveToFreePorts(name, desired);
      }
    });
  }

  /** Wants a process: starts it, or leaves it as it is when it runs with the same variables, or starts it anew with others. */
  put(name: string, spec: ReplicaSpec): Promise<ReplicaStatus> {
    return this.#inTurn(async () => {
      const known = this.#desired.get(name);
      const isSame = known !== undefined && isDeepStrictEqual(known.spec, spec);
      const running = this.#running.get(name);
      if (isSame && running && running.status().state !== 'failed') return this.#statusOf(running);
      await running?.stop();
      const desired = { ...(known ?? (await this.#choosePorts())), spec };
      this.#desired.set(name, desired);
      this.#write();
      return this.#statusOf(this.#start(name, desired));
    });
  }

  /** Wants it no more. Answers whether it was wanted. */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const wasWanted = this.#desired.delete(name);
      this.#write();
      await this.#running.get(name)?.stop();
      this.#running.delete(name);
      return wasWanted;
    });
  }

  get(name: string): ReplicaStatus | undefined {
    const running = this.#running.get(name);
    return running && this.#statusOf(running);
  }

  list(): readonly ReplicaStatus[] {
    return this.processes().map((process) => this.#statusOf(process));
  }

  processes(): readonly ManagedProcess[] {
    return [...this.#running.values()];
  }

  /** Stops all; they stay wanted. */
  stopAll(): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all(this.processes().map((process) => process.stop()));
    });
  }

  #start(name: string, { spec, port, grpcPort }: DesiredReplica): ManagedProcess {
    const url = `http://127.0.0.1:${port}`;
    const environment = spec.env['ENVIRONMENT'] as EnvironmentName; // the schema has checked it
    const managed = new ManagedProcess(
      {
        name,
        url,
        graceMs: STOP_GRACE_MS,
        launch: () =>
          launchNode({
            script: this.plan.script(REALTIME.name),
            env: { ...spec.env, ...this.plan.environmentOfReplica(name, { port, grpcPort }, environment) },
            logFile: this.plan.state.logFile(name),
            heapMb: REALTIME.heapMb,
            cwd: this.plan.root,
          }),
        isReady: () => isHttpReady(url),
      },
      this.env,
    );
    this.#running.set(name, managed);
    managed.start();
    return managed;
  }

  /** A process of an earlier version has no port for gRPC yet. */
  async #areFree({ port, grpcPort }: DesiredReplica): Promise<boolean> {
    return grpcPort !== undefined && (await isFree(port)) && (await isFree(grpcPort));
  }

  async #moveToFreePorts(name: string, desired: DesiredReplica): Promise<void> {
    const ports = await this.#choosePorts();
    this.env.log.warn('its ports are taken by another program; it gets others', { process: name, ...ports });
    const moved = { ...desired, ...ports };
    this.#desired.set(name, moved);
    this.#write();
    this.#start(name, moved);
  }

  async #choosePorts(): Promise<ReplicaPorts> {
    const port = await this.#choosePort();
    return { port, grpcPort: await this.#choosePort(port) };
  }

  async #choosePort(taken = 0): Promise<number> {
    const { firstReplica } = this.plan.ports;
    const { portBase } = this.plan.config;
    if (firstReplica === 0) return freePort();
    const given = new Set([taken, ...[...this.#desired.values()].flatMap(({ port, grpcPort }) => [port, grpcPort])]);
    for (let port = firstReplica; port < portBase + PORTS; port += 1) {
      if (!given.has(port) && (await isFree(port))) return port;
    }
    throw new Error(`all ports from ${firstReplica} to ${portBase + PORTS - 1} are taken`);
  }

  #statusOf(process: ManagedProcess): ReplicaStatus {
    const { name, url, pid, state, restarts } = process.status();
    const status = state === 'ready' || state === 'failed' ? state : 'starting';
    const grpcPort = this.#desired.get(name)?.grpcPort;
    return { name, url: url ?? '', grpcPort, pid: pid ?? null, status, restarts };
  }

  #write(): void {
    writeJsonFile(this.plan.state.replicas, Object.fromEntries(this.#desired));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
