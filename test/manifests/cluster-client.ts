import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

/** An object as it is written in a manifest; nothing is dropped from it on its way to the server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** `Warning` headers: deprecated fields, what PodSecurity would refuse. */
  readonly warnings: readonly string[];
}

interface ResourceName {
  readonly kind: string;
  readonly name: string;
  readonly namespaced: boolean;
}

const FIELD_MANAGER = 'myriad-test';

/** Speaks to an API server over HTTPS as it is: no client library between, which would drop what it does not know. */
export class ClusterClient {
  private readonly agent: Agent;
  private readonly resources = new Map<string, Promise<readonly ResourceName[]>>();

  constructor(
    private readonly url: string,
    private readonly token: string,
    caFile: string,
  ) {
    this.agent = new Agent({ ca: readFileSync(caFile), keepAlive: true, maxSockets: 4 });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Server-side apply, refusing unknown and doubled fields; `isDryRun`: everything but the writing. */
  async apply(manifest: Manifest, { isDryRun = false } = {}): Promise<Answer> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', force: 'true' });
    if (isDryRun) query.set('dryRun', 'All');
    const path = `${await this.collectionOf(manifest)}/${manifest.metadata.name}?${query.toString()}`;
    return this.send('PATCH', path, manifest, 'application/apply-patch+yaml');
  }

  /** As `kubectl create` does. */
  async create(manifest: Manifest, { isDryRun = false } = {}): Promise<Answer> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' });
    if (isDryRun) query.set('dryRun', 'All');
    return this.send('POST', `${await this.collectionOf(manifest)}?${query.toString()}`, manifest);
  }

  async get(manifest: Manifest): Promise<Answer> {
    return this.send('GET', `${await this.collectionOf(manifest)}/${manifest.metadata.name}`);
  }

  /** What a controller would write. */
  async writeStatus(manifest: Manifest, status: object): Promise<Answer> {
    const path = `${await this.collectionOf(manifest)}/${manifest.metadata.name}/status`;
    return this.send('PATCH', path, { status }, 'application/merge-patch+json');
  }

  private async collectionOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = this.resources.get(root) ?? this.discover(root);
    this.resources.set(root, known);
    const resource = (await known).find((entry) => entry.kind === kind && !entry.name.includes('/'));
    if (resource === undefined) throw new Error(`the server knows no ${kind} in ${apiVersion}`);
    return resource.namespaced
      ? `${root}/namespaces/${metadata.namespace ?? ''}/${resource.name}`
      : `${root}/${resource.name}`;
  }

  private async discover(root: string): Promise<readonly ResourceName[]> {
    const { body } = await this.send('GET', root);
    return body['resources'] as readonly ResourceName[];
  }

  private send(method: string, path: string, body?: object, contentType = 'application/json'): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': contentType, accept: 'application/json' };
    return new Promise((resolve, reject) => {
      const call = request(`${this.url}${path}`, { method, headers, agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject).once('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(text) as Record<string, unknown>,
            warnings: [response.headers['warning'] ?? []].flat(),
          });
        });
      });
      call.once('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
