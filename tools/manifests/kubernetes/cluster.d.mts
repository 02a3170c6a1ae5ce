import type { ClusterManifest, ServiceManifest } from '../mesh.mjs';

/** Everything that a service is told in a cluster. */
export function clusterVariables(service: ServiceManifest, cluster: ClusterManifest): Readonly<Record<string, string>>;
