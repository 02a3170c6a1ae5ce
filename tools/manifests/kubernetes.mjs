import { callPorts, clusters, containerVariables, services } from './mesh.mjs';
import { clusterFiles } from './kubernetes/cluster.mjs';
import { labels, meta, serviceName } from './kubernetes/names.mjs';
import { edgesOf } from './kubernetes/network.mjs';
import { deployment } from './kubernetes/workload.mjs';

/** Artifacts on the pod's disk, within the volume of 2 GiB: there again when the container restarts. */
const diskOf = ({ environment: { POOL: pool } }) =>
  pool === undefined ? {} : { DISK_CACHE_PATH: '/var/lib/myriad/artifacts', DISK_CACHE_BYTES: String(1.5 * 1024 ** 3) };

function base(service) {
  const objects = {
    'serviceaccount.yaml': {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: meta(service.name),
      automountServiceAccountToken: false,
    },
    'deployment.yaml': deployment(service),
    'service.yaml': {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...meta(serviceName(service)), labels: labels(service.name) },
      spec: {
        // the gateway has to see every replica of a pool: a model has its owner among them
        ...(service.environment.POOL === undefined ? {} : { clusterIP: 'None' }),
        selector: labels(service.name),
        ports: Object.entries(callPorts(service)).map(([name, port]) => ({
          name,
          port,
          targetPort: name,
          appProtocol: name === 'grpc' ? 'kubernetes.io/h2c' : 'http',
        })),
      },
    },
    'poddisruptionbudget.yaml': {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta(service.name),
      // one at a time: with a single replica this lets a node be drained, where minAvailable: 1 would hold it up for ever
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: labels(service.name) },
      },
    },
    'networkpolicy.yaml': edgesOf(service),
  };
  const variables = Object.entries({ ...containerVariables(service), ...diskOf(service) }).map(
    ([name, value]) => `${name}=${value}`,
  );
  return {
    ...objects,
    'kustomization.yaml': {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: Object.keys(objects),
      // the name gets a digest of the content: pods roll when a setting changes, and back with it
      configMapGenerator: [{ name: `myriad-${service.name}`, literals: variables }],
    },
  };
}

/** Every file below k8s/, by its path there. */
export function kubernetesFiles() {
  const files = {};
  const add = (folder, parts) => {
    for (const [name, body] of Object.entries(parts)) files[`${folder}/${name}`] = body;
  };
  for (const service of services) add(`base/${service.name}`, base(service));
  for (const cluster of clusters) add(`overlays/${cluster.name}`, clusterFiles(cluster));
  return files;
}
