import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The one folder that holds all of a mesh on this machine. */
export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Makes the folders that are missing. PostgreSQL may run as another user, so that one may pass through, and only through, the first. */
  create(): void {
    mkdirSync(this.path, { recursive: true });
    chmodSync(this.path, 0o711);
    for (const folder of [this.secrets, this.logs, this.objects, this.keys, this.kafka, this.s3, this.scratchRoot]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o700);
    }
  }

  /** Who supervises: its process id and start time. */
  get lock(): string {
    return join(this.path, 'supervisor.lock');
  }
  /** Where a running mesh answers. */
  get addresses(): string {
    return join(this.path, 'addresses.json');
  }
  /** The port of everything that has one, by name; written before anything starts. */
  get ports(): string {
    return join(this.path, 'ports.json');
  }
  /** Every process that was started and not yet seen to end. */
  get processes(): string {
    return join(this.path, 'processes.json');
  }
  /** The serving processes that the deployer wants. */
  get replicas(): string {
    return join(this.path, 'replicas.json');
  }
  /** Public keys of the internal tokens. */
  get internalJwks(): string {
    return join(this.path, 'internal-jwks.json');
  }
  get postgres(): string {
    return join(this.path, 'postgres');
  }
  get objects(): string {
    return join(this.path, 'objects');
  }
  get kafka(): string {
    return join(this.path, 'kafka');
  }
  get s3(): string {
    return join(this.path, 's3');
  }
  /** The keys of tenants' objects, sealed by a secret; apart from the objects, so that a copy of those is of no use. */
  get keys(): string {
    return join(this.path, 'keys');
  }
  /** Whether objects are there, in files or in the bucket, that only the master secret opens. */
  hasSealedObjects(): boolean {
    return [this.objects, join(this.s3, 'buckets/myriad')].some((folder) =>
      namesIn(folder).some((tenant) => existsSync(join(folder, tenant, 'sealed'))),
    );
  }
  get logs(): string {
    return join(this.path, 'logs');
  }
  get secrets(): string {
    return join(this.path, 'secrets');
  }
  get scratchRoot(): string {
    return join(this.path, 'scratch');
  }
  logFile(name: string): string {
    return join(this.logs, `${name}.log`);
  }
  /** A file below `secrets`, readable by this user only. */
  secret(name: string): string {
    return join(this.secrets, name);
  }
  /** A service's own folder for what it may lose. */
  scratch(name: string): string {
    const folder = join(this.scratchRoot, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
