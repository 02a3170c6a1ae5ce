import { join } from 'node:path';
import type { StandaloneConfig } from '../config.js';
import type { Secrets } from '../state/secrets.js';
import type { StateFolder } from '../state/state-folder.js';
import { meshReplicaVariables, meshVariables } from './mesh-variables.js';
import type { Ports, ReplicaPorts } from './ports.js';
import { type EnvironmentName, SERVICES } from './services.js';
import { standaloneReplicaVariables, standaloneVariables } from './standalone-variables.js';
import { TOPOLOGIES, type Topology, isBalanced, processesOf } from './topology.js';
import type { Variables } from './variables.js';

export interface MeshPlanOptions {
  /** Root of the repository. */
  readonly root: string;
  readonly config: StandaloneConfig;
  readonly state: StateFolder;
  readonly secrets: Secrets;
  readonly ports: Ports;
}

/** A service that answers at one address as several processes. */
export interface Front {
  readonly name: string;
  readonly port: number;
  readonly backends: readonly { readonly name: string; readonly url: string }[];
}

/** What stands where, and what each process is told. */
export class MeshPlan {
  readonly root: string;
  readonly config: StandaloneConfig;
  readonly state: StateFolder;
  readonly secrets: Secrets;
  readonly ports: Ports;
  readonly topology: Topology;

  constructor({ root, config, state, secrets, ports }: MeshPlanOptions) {
    this.root = root;
    this.config = config;
    this.state = state;
    this.secrets = secrets;
    this.ports = ports;
    this.topology = TOPOLOGIES[config.mode];
  }

  get gatewayUrl(): string {
    return this.urlOf('gateway');
  }
  get controlUrl(): string {
    return this.urlOf('control');
  }
  get kafkaBrokers(): string {
    return `127.0.0.1:${this.reach('kafka')}`;
  }

  /** Where a process answers, or a service by its name. */
  urlOf(name: string): string {
    return `http://127.0.0.1:${this.port(name)}`;
  }

  /** The port at which others reach a process: its own, unless a test has put something in between. */
  reach(name: string): number {
    return this.config.overrides.routes[name] ?? this.port(name);
  }

  /** {@link urlOf}, for those who call it. */
  reachUrl(name: string): string {
    return `http://127.0.0.1:${this.reach(name)}`;
  }

  port(name: string): number {
    const port = name === 'gateway' ? this.ports.gateway : this.ports.of[name];
    if (port === undefined) throw new TypeError(`nothing is called '${name}'`);
    return port;
  }

  /** The services behind the balancer. */
  fronts(): readonly Front[] {
    return SERVICES.filter(({ name }) => isBalanced(this.topology, name)).map(({ name }) => ({
      name,
      port: this.port(name),
      backends: processesOf(this.topology, name).map((process) => ({ name: process, url: this.reachUrl(process) })),
    }));
  }

  script(service: string): string {
    return join(this.root, 'services', service, 'dist/main.js');
  }

  databaseUrl(database: string, role: string): string {
    return `postgres://${role}:${this.secrets.password(role)}@127.0.0.1:${this.reach('postgres')}/${database}`;
  }

  /** Where the gateway finds the other services. */
  serviceUrls(): Variables {
    const behindIt = SERVICES.filter(({ hasDatabase }) => hasDatabase);
    return Object.fromEntries(behindIt.map(({ name }) => [`${name.toUpperCase()}_URL`, this.reachUrl(name)]));
  }

  /** What a process of a service is told. */
  environmentOf(service: string, process: string = service): Variables {
    return {
      ...(this.topology.mode === 'mesh' ? meshVariables(this, service) : standaloneVariables(this, service)),
      ...(service === 'deployer' && this.supervision()),
      ...this.common(process, this.port(process)),
      ...this.config.overrides.variables[service],
    };
  }

  /** What a serving process is told; what the deployer asks for stands below it. */
  environmentOfReplica(name: string, { port, grpcPort }: ReplicaPorts, environment: EnvironmentName): Variables {
    return {
      ...(this.topology.mode === 'mesh' ? meshReplicaVariables(this) : standaloneReplicaVariables(this, environment)),
      ...this.common(name, port),
      ENVIRONMENT: environment,
      ...(grpcPort === undefined ? {} : { GRPC_PORT: String(grpcPort) }),
      ...this.config.overrides.variables['realtime'],
    };
  }

  environmentOfBalancer(): Variables {
    return { ...this.common('balancer', this.port('balancer')), FRONTS: JSON.stringify(this.fronts()) };
  }

  /** What every process is told. */
  common(name: string, port: number): Variables {
    return {
      ...this.config.inherited,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(this.root, 'node_modules/.cache/compile'),
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: this.config.logLevel,
      STATE_FOLDER: this.state.scratch(name),
      INTERNAL_JWKS_FILE: this.state.internalJwks,
    };
  }

  /** On one machine the deployer has the supervisor run the serving processes. */
  private supervision(): Variables {
    const { poolRemoteUrls } = this.config;
    return {
      SUPERVISOR_URL: this.controlUrl,
      SUPERVISOR_TOKEN_FILE: this.secrets.controlTokenFile,
      REPLICAS_PER_POOL: String(this.topology.replicasPerPool),
      ...(poolRemoteUrls === undefined ? {} : { POOL_REMOTE_URLS: poolRemoteUrls }),
    };
  }
}
