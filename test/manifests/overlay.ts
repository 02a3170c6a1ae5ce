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

export interface PodSpec {
  readonly containers: readonly Record<string, unknown>[];
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
