import { existsSync, rmSync } from 'node:fs';
import { type Clock, systemClock } from '@myriad/kernel';
import type { StandaloneConfig } from './config.js';
import { openControlDoor } from './control/control-door.js';
import type { Mesh, ProcessReport } from './control/mesh.port.js';
import { setUpDatabases } from './mesh/database-setup.js';
import { fetchEngines } from './mesh/engine-process.js';
import { MeshPlan } from './mesh/mesh-plan.js';
import { balancerProcesses, engineProcesses, enginesOf, serviceProcesses } from './mesh/mesh-processes.js';
import { assignPorts } from './mesh/ports.js';
import { Replicas } from './mesh/replicas.js';
import { type RestartReport, RollingRestart } from './mesh/rolling-restart.js';
import { SERVICES } from './mesh/services.js';
import { TOPOLOGIES, type Topology, processesOf } from './mesh/topology.js';
import type { ManagedProcess, ProcessEnvironment } from './processes/managed-process.js';
import { rssBytes } from './processes/rss-bytes.js';
import { untilReady } from './processes/until-ready.js';
import { writeJsonFile } from './state/json-file.js';
import { rotateLogs } from './state/log-rotation.js';
import { ProcessRecords } from './state/process-records.js';
import { Secrets } from './state/secrets.js';
import { StateFolder } from './state/state-folder.js';
import { takeLock } from './state/state-lock.js';
import type { SupervisorLog } from './state/supervisor-log.js';

const STOP_GRACE_MS = 10_000;
const REPLICA_TIMEOUT_MS = 20_000;

export interface SupervisorOptions {
  /** Root of the repository: the services lie below it. */
  readonly root: string;
  readonly config: StandaloneConfig;
  readonly log: SupervisorLog;
  /** Told what happens, for people. */
  readonly onProgress?: (text: string) => void;
  readonly clock?: Clock;
}

/** What a person needs to know of a mesh that is up. */
export interface MeshAddresses {
  readonly gatewayUrl: string;
  readonly controlUrl: string;
  readonly adminKeyFile: string;
  /** The administrator was made by this start. */
  readonly isFirstStart: boolean;
}

/** The mesh on this machine: what holds its data, the services, what stands between them, and the serving processes that the deployer wants. */
export class Supervisor implements Mesh {
  readonly #clock: Clock;
  readonly #services: ManagedProcess[] = [];
  #engines: readonly ManagedProcess[] = [];
  #rolling: RollingRestart | undefined;
  #replicas: Replicas | undefined;
  /** What a stop has to undo, newest first. */
  readonly #undo: (() => Promise<void> | void)[] = [];
  #undoing: Promise<void> | undefined;
  #starting: Promise<MeshAddresses> | undefined;
  readonly #ending = new AbortController();

  constructor(private readonly options: SupervisorOptions) {
    this.#clock = options.clock ?? systemClock;
  }

  get replicas(): Replicas {
    if (!this.#replicas) throw new Error('the mesh is not up yet');
    return this.#replicas;
  }

  /**
   * Starts everything and resolves when all of it answers. When that fails, all that was started is stopped again.
   * @throws {AlreadyRunningError} {PortTakenError} or what says which part did not start, with the end of its log.
   */
  async start(): Promise<MeshAddresses> {
    this.#starting = this.#start();
    try {
      return await this.#starting;
    } catch (error) {
      await this.#undoAll();
      throw error;
    }
  }

  /** Stops everything: the entrance first, then the services, the engines last. A start that is under way is given up. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('stopped while starting'));
    await this.#starting?.catch(() => undefined);
    await this.#undoAll();
  }

  processes(): readonly ProcessReport[] {
    return this.#all().map((process) => {
      const status = process.status();
      return { ...status, rssBytes: status.pid === undefined ? 0 : rssBytes(status.pid) };
    });
  }

  async restart(name: string): Promise<boolean> {
    const process = this.#all().find((one) => one.spec.name === name);
    await process?.restart();
    return process !== undefined;
  }

  /** @throws when there is one under way, or a process does not come back; it ends there. */
  async rollingRestart(): Promise<readonly RestartReport[]> {
    if (!this.#rolling) throw new Error('the mesh is not up yet');
    return this.#rolling.execute();
  }

  async #start(): Promise<MeshAddresses> {
    const { config, log } = this.options;
    const state = new StateFolder(config.stateFolder);
    state.create();
    const lock = takeLock(state.lock, state.path);
    this.#undo.push(() => {
      lock.release();
    });
    const records = new ProcessRecords(state.processes);
    const forget = (): void => {
      rmSync(state.addresses, { force: true });
    };
    forget();
    this.#undo.push(forget);
    const leftBehind = await records.endAll(STOP_GRACE_MS);
    if (leftBehind.length > 0)
      log.warn('ended what a supervisor before this one left behind', { processes: leftBehind });
    const secrets = new Secrets(state);
    secrets.create();
    const isFirstStart = !existsSync(secrets.adminKeyFile);
    const plan = await this.#planOf(state, secrets);
    const env = { clock: this.#clock, log, record: records.set.bind(records) };
    const rotation = rotateLogs(state.logs);
    this.#undo.push(() => {
      rotation.stop();
    });
    await this.#startEngines(plan, env);
    await this.#startServices(plan, env);
    writeJsonFile(state.addresses, addressesOf(plan));
    const { gatewayUrl, controlUrl } = plan;
    return { gatewayUrl, controlUrl, adminKeyFile: secrets.adminKeyFile, isFirstStart };
  }

  async #planOf(state: StateFolder, secrets: Secrets): Promise<MeshPlan> {
    const { root, config } = this.options;
    const { engines } = TOPOLOGIES[config.mode];
    const ports = await assignPorts(
      config.gatewayPort,
      config.portBase,
      engines,
      namesOfPorts(TOPOLOGIES[config.mode]),
    );
    writeJsonFile(state.ports, { ...ports.of, gateway: ports.gateway });
    return new MeshPlan({ root, config, state, secrets, ports });
  }

  async #startEngines(plan: MeshPlan, env: ProcessEnvironment): Promise<void> {
    const say = (text: string): void => {
      this.#say(text);
    };
    await fetchEngines(enginesOf(plan), say);
    this.#engines = engineProcesses(plan, env);
    this.#say(this.#engines.map(({ spec }) => spec.name).join(', '));
    this.#undo.push(() => stopAll(this.#engines));
    for (const engine of this.#engines) engine.start();
    await untilReady(this.#engines, this.#untilReadyOptions(plan));
    this.#say('databases and roles');
    await setUpDatabases(plan);
  }

  async #startServices(plan: MeshPlan, env: ProcessEnvironment): Promise<void> {
    const replicas = new Replicas(plan, env);
    this.#replicas = replicas;
    const control = await openControlDoor(this, plan.port('control'), plan.secrets.controlToken);
    this.#undo.push(() => control.close());
    const balancers = balancerProcesses(plan, env);
    const services = SERVICES.map(({ name }) => ({ name, processes: serviceProcesses(plan, env, name) }));
    const gateways = services.filter(({ name }) => name === 'gateway').flatMap(({ processes }) => processes);
    const others = services.filter(({ name }) => name !== 'gateway').flatMap(({ processes }) => processes);
    this.#services.push(...others, ...gateways, ...balancers);
    this.#undo.push(
      () => stopAll(others),
      () => replicas.stopAll(),
      () => stopAll(balancers),
      () => stopAll(gateways),
    );
    this.#rolling = new RollingRestart({ plan, clock: this.#clock, services, replicas });
    this.#say(`${this.#services.length} processes`);
    for (const service of this.#services) service.start();
    await replicas.startAll();
    await untilReady(this.#services, this.#untilReadyOptions(plan));
    await this.#waitForReplicas(plan, replicas);
  }

  /** A serving process that does not come back is the deployer's to see to; it keeps nobody from using the rest. */
  async #waitForReplicas(plan: MeshPlan, replicas: Replicas): Promise<void> {
    const options = { ...this.#untilReadyOptions(plan), timeoutMs: REPLICA_TIMEOUT_MS };
    try {
      await untilReady(replicas.processes(), options);
    } catch (error) {
      if (this.#ending.signal.aborted) throw error;
      this.options.log.error('a serving process is not ready', { reason: (error as Error).message });
      this.#say(`not all serving processes are ready; see ${plan.state.logFile('supervisor')}`);
    }
  }

  #undoAll(): Promise<void> {
    this.#undoing ??= (async () => {
      for (const step of this.#undo.reverse()) await step();
      this.options.log.info('stopped');
    })();
    return this.#undoing;
  }

  #untilReadyOptions(plan: MeshPlan): Parameters<typeof untilReady>[1] {
    return {
      clock: this.#clock,
      signal: this.#ending.signal,
      timeoutMs: this.options.config.startTimeoutMs,
      logFileOf: (name) => plan.state.logFile(name),
      onReady: (name) => {
        this.#say(`${name} is ready`);
      },
    };
  }

  #all(): readonly ManagedProcess[] {
    return [...this.#engines, ...this.#services, ...(this.#replicas?.processes() ?? [])];
  }

  #say(text: string): void {
    this.options.onProgress?.(text);
  }
}

async function stopAll(processes: readonly ManagedProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop()));
}

/** Services behind the balancer have a port of their own, besides their processes'. */
function namesOfPorts(topology: Topology): readonly string[] {
  const names = SERVICES.flatMap(({ name }) => [name, ...processesOf(topology, name)]);
  return [...new Set(names)].filter((name) => name !== 'gateway');
}

/** Where a running mesh answers, for commands and tests. */
function addressesOf(plan: MeshPlan): object {
  const { gatewayUrl, controlUrl, topology } = plan;
  return {
    mode: topology.mode,
    gatewayUrl,
    controlUrl,
    supervisorPid: process.pid,
    postgresPort: plan.port('postgres'),
    ...(topology.eventLog === 'kafka' && { kafkaBrokers: plan.kafkaBrokers }),
    ...(topology.objectStore === 's3' && { s3Endpoint: plan.urlOf('s3') }),
  };
}
