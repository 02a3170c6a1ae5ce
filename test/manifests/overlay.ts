import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { renderKustomization } from '../../tools/engines/engine.mjs';
import type { Manifest } from './cluster-client.js';

export const OVERLAYS = ['research', 'applied-science', 'engineering', 'production'] as const;
export type OverlayName = (typeof OVERLAYS)[number];

export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: PodSpec };
  };
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly [source: string]: unknown;
}

export interface PodSpec {
  readonly containers: readonly Record<string, unknown>[];
  readonly volumes?: readonly Volume[];
  readonly [field: string]: unknown;
}

/** The objects of an overlay as Kustomize renders them, in the order to apply them in: the namespace and what names it first. */
export async function renderedOverlay(name: OverlayName): Promise<readonly Manifest[]> {
  const text = await renderKustomization(join(import.meta.dirname, '../../k8s/overlays', name));
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const isFirst = ({ kind }: Manifest) => kind === 'Namespace' || kind === 'PriorityClass';
  return [...objects.filter(isFirst), ...objects.filter((object) => !isFirst(object))];
}

export const isWorkload = (object: Manifest): object is Workload => object.kind === 'Deployment';

/** A pod as the workload's controller would make it. */
export function podOf({ metadata, spec }: Workload, name: string, change: Partial<PodSpec> = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: metadata.namespace ?? '', labels: spec.template.metadata.labels },
    spec: { ...spec.template.spec, ...change },
  };
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}
const containerOf = ({ spec }: Workload) => spec.template.spec.containers[0] as unknown as Container;

/** The variables of a workload's container, from the ConfigMaps that it names. */
export function toldTo(workload: Workload, objects: readonly Manifest[]): Readonly<Record<string, string>> {
  const names = containerOf(workload).envFrom.map(({ configMapRef }) => configMapRef.name);
  const maps = names.map((name) =>
    objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name),
  );
  return Object.assign({}, ...maps.map((map) => map!['data'])) as Record<string, string>;
}

/** Where a workload's container finds which volume. */
export function mountsOf(workload: Workload): readonly { readonly mountPath: string; readonly volume: Volume }[] {
  const volumes = workload.spec.template.spec.volumes ?? [];
  return containerOf(workload).volumeMounts.map(({ name, mountPath }) => ({
    mountPath,
    volume: volumes.find((volume) => volume.name === name)!,
  }));
}

/** Ports that the three probes ask, by number. */
export function probedPorts(workload: Workload): readonly (number | undefined)[] {
  const container = containerOf(workload);
  return ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => {
    const { httpGet } = container[probe] as { httpGet: { port: string } };
    return container.ports.find(({ name }) => name === httpGet.port)?.containerPort;
  });
}

/** Ports of a service that pods of another namespace may reach. */
export function portsFor(
  objects: readonly Manifest[],
  { service, namespace }: { readonly service: string; readonly namespace: string },
): readonly number[] {
  const policy = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === service);
  const { ingress } = policy!['spec'] as {
    ingress: { from: { namespaceSelector?: { matchLabels: Record<string, string> } }[]; ports: { port: number }[] }[];
  };
  return ingress
    .filter(({ from }) =>
      from.some((peer) => peer.namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] === namespace),
    )
    .flatMap(({ ports }) => ports.map(({ port }) => port));
}
