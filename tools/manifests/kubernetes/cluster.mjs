import { SECRETS_FOLDER, commonEnvironment, containerVariables, isSigning, mutualTls, services } from '../mesh.mjs';
import { certificateMount, clusterNames } from './workload.mjs';
import { cpu, memory, meta, namespaceOf, serviceName } from './names.mjs';
import { clusterPolicies } from './network.mjs';

/** Services whose replicas follow the load. */
const SCALED = ['gateway', 'realtime', 'batch', 'evaluator', 'objects'];
/** Services that people wait for: they push others off a full node. */
const SERVING = ['gateway', 'realtime', 'auth'];
const MOST_TIMES = 8;

const isScaled = ({ name }) => SCALED.includes(name);
const leastReplicas = (service, cluster) => (service.replicas === 1 ? 1 : cluster.replicas);
const mostReplicas = (service, cluster) =>
  isScaled(service) ? cluster.replicas * MOST_TIMES : leastReplicas(service, cluster);

function namespace(cluster) {
  const modes = ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
  const metadata = { name: namespaceOf(cluster), labels: Object.fromEntries(modes) };
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

function autoscaler(service, cluster) {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(service.name),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service.name },
      minReplicas: leastReplicas(service, cluster),
      maxReplicas: mostReplicas(service, cluster),
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Max',
          policies: [
            { type: 'Percent', value: 100, periodSeconds: 30 },
            { type: 'Pods', value: 2, periodSeconds: 30 },
          ],
        },
        // a replica that goes takes its warm models with it
        scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
      },
    },
  };
}

/** Room for every service at its most, and one more of each while it rolls. */
function quota(cluster) {
  const most = services.map((service) => ({ service, count: mostReplicas(service, cluster) + 1 }));
  const sum = (perPod) => most.reduce((total, { service, count }) => total + perPod(service) * count, 0);
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'myriad' },
    spec: {
      hard: {
        pods: String(sum(() => 1)),
        'requests.cpu': cpu(sum((service) => service.cpu)),
        'requests.memory': memory(sum((service) => Math.round(service.memory / 2))),
        'limits.memory': memory(sum((service) => service.memory)),
        'services.loadbalancers': '0',
        'services.nodeports': '0',
      },
    },
  };
}

function limits() {
  const largest = (field) => Math.max(...services.map((service) => service[field]));
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'myriad' },
    spec: {
      limits: [
        {
          type: 'Container',
          defaultRequest: { cpu: '100m', memory: '128Mi' },
          default: { cpu: '400m', memory: '256Mi' },
          max: { cpu: cpu(largest('cpu') * 4), memory: memory(largest('memory')) },
        },
      ],
    },
  };
}

const priority = (cluster) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name: `${namespaceOf(cluster)}-serving` },
  value: 100_000,
  description: 'Requests that people wait for; batch and training give way.',
});

const literals = (variables) => Object.entries(variables).map(([name, value]) => `${name}=${value}`);

/** What every service is told in a cluster. */
export const commonVariables = (cluster) => ({
  ...commonEnvironment,
  KAFKA_BROKERS: cluster.kafka,
  KAFKA_REPLICATION: String(Math.min(cluster.replicas, 3)),
  KAFKA_TLS: 'true',
  KAFKA_SASL_MECHANISM: 'scram-sha-512',
  KAFKA_SASL_PASSWORD_FILE: `${SECRETS_FOLDER}/kafka-password`,
  S3_ENDPOINT: cluster.s3,
  S3_BUCKET: cluster.bucket,
  S3_CREATE_BUCKET: 'false',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.monitoring.svc.cluster.local:4318',
});

/** Over what the base says. */
const ownVariables = (service, cluster) => ({
  ...(service.events === false ? {} : { KAFKA_SASL_USERNAME: service.name }),
  ...(service.name === 'realtime' ? { ENVIRONMENT: cluster.name } : {}),
  ...(service.name === 'auth' && cluster.oidc ? { OIDC_PROVIDERS: JSON.stringify(cluster.oidc) } : {}),
  ...(isSigning(service) ? { OBJECT_STORE_PUBLIC_URL: cluster.objectsUrl } : {}),
  ...(cluster.isMutualTls ? mutualTls(service) : {}),
});

/** Everything that a service is told in a cluster. */
export const clusterVariables = (service, cluster) => ({
  ...commonVariables(cluster),
  ...containerVariables(service),
  ...ownVariables(service, cluster),
});

const settings = (cluster) => [
  { name: 'myriad-common', literals: literals(commonVariables(cluster)) },
  ...services.map((service) => ({
    name: `myriad-${service.name}`,
    behavior: 'merge',
    literals: literals(ownVariables(service, cluster)),
  })),
];

/** What the Service of a cluster with mutual TLS says to load balancers of the mesh. */
const tlsService = (service) => ({
  target: { kind: 'Service', name: serviceName(service) },
  patch: JSON.stringify([{ op: 'replace', path: '/spec/ports/0/appProtocol', value: 'https' }]),
});

function patches(cluster) {
  const each = services.map((service) => [
    ...clusterNames(service, cluster),
    ...(cluster.isMutualTls ? certificateMount(service, cluster) : []),
    ...(isScaled(service) ? [{ op: 'remove', path: '/spec/replicas' }] : []),
    ...(SERVING.includes(service.name)
      ? [{ op: 'add', path: '/spec/template/spec/priorityClassName', value: priority(cluster).metadata.name }]
      : []),
  ]);
  const deployments = services.map(({ name }, index) => ({
    target: { kind: 'Deployment', name },
    patch: JSON.stringify(each[index]),
  }));
  return [...deployments, ...(cluster.isMutualTls ? services.filter((one) => !one.public).map(tlsService) : [])];
}

/** A cluster's own objects by file name, and the kustomization that puts them and the base together. */
export function clusterFiles(cluster) {
  const policies = Object.entries(clusterPolicies(cluster)).map(([name, body]) => [`network/${name}.yaml`, body]);
  const scalers = services
    .filter(isScaled)
    .map((service) => [`autoscalers/${service.name}.yaml`, autoscaler(service, cluster)]);
  const objects = Object.fromEntries([
    ['namespace.yaml', namespace(cluster)],
    ['quota.yaml', quota(cluster)],
    ['limits.yaml', limits()],
    ['priority.yaml', priority(cluster)],
    ...policies,
    ...scalers,
  ]);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: namespaceOf(cluster),
    resources: [...Object.keys(objects), ...services.map(({ name }) => `../../base/${name}`)],
    configMapGenerator: settings(cluster),
    replicas: services
      .filter((service) => !isScaled(service))
      .map((service) => ({ name: service.name, count: leastReplicas(service, cluster) })),
    patches: patches(cluster),
  };
  return { ...objects, 'kustomization.yaml': kustomization };
}
