import { join } from 'node:path';
import type { StandaloneConfig } from '../config.js';
import type { Secrets } from '../state/secrets.js';
import type { StateFolder } from '../state/state-folder.js';
import type { Ports } from './ports.js';
import { type EnvironmentName, LOG_DATABASE, SERVICES, logRole } from './services.js';

type Variables = Readonly<Record<string, string>>;

export interface MeshPlanOptions {
  /** Root of the repository. */
  readonly root: string;
  readonly config: StandaloneConfig;
  readonly state: StateFolder;
  readonly secrets: Secrets;
  readonly ports: Ports;
}

/** What stands where, and what each process is told. */
export class MeshPlan {
  readonly root: string;
  readonly config: StandaloneConfig;
  readonly state: StateFolder;
  readonly secrets: Secrets;
  readonly ports: Ports;

  constructor({ root, config, state, secrets, ports }: MeshPlanOptions) {
    this.root = root;
    this.config = config;
    this.state = state;
    this.secrets = secrets;
    this.ports = ports;
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.ports.gateway}`;
  }
  get controlUrl(): string {
    return this.urlOf('control');
  }

  urlOf(name: string): string {
    return name === 'gateway' ? this.gatewayUrl : `http://127.0.0.1:${this.port(name)}`;
  }

  port(name: string): number {
    const port = name === 'gateway' ? this.ports.gateway : this.ports.of[name];
    if (port === undefined) throw new TypeError(`nothing is called '${name}'`);
    return port;
  }

  script(service: string): string {
    return join(this.root, 'services', service, 'dist/main.js');
  }

  databaseUrl(database: string, role: string): string {
    return `postgres://${role}:${this.secrets.password(role)}@127.0.0.1:${this.port('postgres')}/${database}`;
  }

  environmentOf(service: string): Variables {
    const spec = SERVICES.find(({ name }) => name === service);
    return {
      ...this.common(service, this.port(service)),
      ...this.objectStore(),
      ...this.eventLog(service),
      ...(spec?.hasDatabase === true && {
        DATABASE_URL: this.databaseUrl(service, `${service}_app`),
        DATABASE_MIGRATION_URL: this.databaseUrl(service, `${service}_owner`),
      }),
      ...this.own(service),
    };
  }

  /** What a serving process is told; what the deployer asks for stands below it. Its credentials are those of its environment. */
  environmentOfReplica(name: string, port: number, environment: EnvironmentName): Variables {
    return {
      ...this.common(name, port),
      ...this.eventLog(`realtime-${environment}`),
      OBJECT_STORE: 'file',
      OBJECT_STORE_PATH: this.state.objects,
      ENVIRONMENT: environment,
    };
  }

  /** For the door of presigned URLs. */
  environmentOfDoor(): Variables {
    return { ...this.common('objects', this.port('objects')), ...this.objectStore() };
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

  private eventLog(login: string): Variables {
    return { EVENT_LOG: 'postgres', EVENT_LOG_URL: this.databaseUrl(LOG_DATABASE, logRole(login)) };
  }

  private objectStore(): Variables {
    return {
      OBJECT_STORE: 'file',
      OBJECT_STORE_PATH: this.state.objects,
      OBJECT_STORE_PUBLIC_URL: this.urlOf('objects'),
      OBJECT_STORE_SIGNING_KEY_FILE: this.secrets.objectStoreKeyFile,
    };
  }

  private own(service: string): Variables {
    switch (service) {
      case 'auth':
        return {
          BOOTSTRAP_KEY_FILE: this.secrets.adminKeyFile,
          SIGNING_KEY_ENCRYPTION_FILE: this.secrets.signingKeyEncryptionFile,
        };
      case 'training':
        return { MYRIAD_PYTHON: join(this.root, '.venv/bin/python') };
      case 'deployer':
        return { SUPERVISOR_URL: this.controlUrl, SUPERVISOR_TOKEN_FILE: this.secrets.controlTokenFile };
      case 'gateway':
        return {
          INTERNAL_SIGNING_KEY_FILE: this.secrets.internalSigningKeyFile,
          ...Object.fromEntries(
            SERVICES.filter(({ name }) => name !== 'gateway').map(({ name }) => [
              `${name.toUpperCase()}_URL`,
              this.urlOf(name),
            ]),
          ),
        };
      default:
        return {};
    }
  }
}
