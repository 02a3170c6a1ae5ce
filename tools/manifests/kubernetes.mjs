import { IMAGE_VERSION, PORT, clusters, commonEnvironment, services } from './mesh.mjs';

const labels = (name) => ({ 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'myriad' });
const meta = (name) => ({ name, labels: labels(name) });
const probe = (path, more) => ({ httpGet: { path, port: 'http' }, timeoutSeconds: 2, ...more });

function container(service) {
  return {
    name: service.name,
    image: `myriad/${service.name}:${IMAGE_VERSION}`,
    ports: [{ name: 'http', containerPort: PORT }],
    envFrom: [
      { configMapRef: { name: 'myriad-common' } },
      { configMapRef: { name: `myriad-${service.name}` } },
      { secretRef: { name: `myriad-${service.name}` } },
    ],
    startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/readyz', { periodSeconds: 3, failureThreshold: 2 }),
    resources: {
      requests: { cpu: `${service.cpu}m`, memory: `${Math.round(service.memory / 2)}Mi` },
      limits: { cpu: `${service.cpu * 4}m`, memory: `${service.memory}Mi` },
    },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    // time for the endpoint to leave the load balancers before connections are closed
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    volumeMounts: [
      { name: 'keys', mountPath: '/run/myriad', readOnly: true },
      { name: 'state', mountPath: '/var/lib/myriad' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function deployment(service) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(service.name),
    spec: {
      replicas: service.replicas,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: labels(service.name) },
      template: {
        metadata: { labels: labels(service.name) },
        spec: {
          serviceAccountName: service.name,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 40,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            fsGroup: 1000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'topology.kubernetes.io/zone',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels(service.name) },
            },
          ],
          containers: [container(service)],
          volumes: [
            {
              name: 'keys',
              projected: {
                sources: [
                  { configMap: { name: 'myriad-internal-jwks' } },
                  ...(service.secretFiles.length > 0 ? [{ secret: { name: `myriad-${service.name}-keys` } }] : []),
                ],
              },
            },
            { name: 'state', emptyDir: { sizeLimit: '2Gi' } },
            { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
          ],
        },
      },
    },
  };
}

function networkPolicy(service) {
  const callers = services
    .filter((other) => (other.calls ?? []).includes(service.name))
    .map((other) => ({ podSelector: { matchLabels: labels(other.name) } }));
  const engines = [
    {
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    },
    {
      ports: [
        { port: 9092 },
        { port: 443 },
        { port: 7070 },
        { port: 4318 },
        ...(service.database ? [{ port: 5432 }] : []),
      ],
    },
  ];
  const upstreams = (service.calls ?? []).map((name) => ({
    to: [{ podSelector: { matchLabels: labels(name) } }],
    ports: [{ port: PORT }],
  }));
  const monitoring = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } };
  const ingress = service.public
    ? [{ ports: [{ port: PORT }] }]
    : [{ from: [...callers, monitoring], ports: [{ port: PORT }] }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: meta(service.name),
    spec: {
      podSelector: { matchLabels: labels(service.name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress,
      egress: [...engines, ...upstreams],
    },
  };
}

function base(service) {
  return {
    'serviceaccount.yaml': {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: meta(service.name),
      automountServiceAccountToken: false,
    },
    'configmap.yaml': {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta(`myriad-${service.name}`),
      data: service.environment,
    },
    'deployment.yaml': deployment(service),
    'service.yaml': {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(service.name),
      spec: { selector: labels(service.name), ports: [{ name: 'http', port: PORT, targetPort: 'http' }] },
    },
    'poddisruptionbudget.yaml': {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta(service.name),
      spec: { maxUnavailable: 1, selector: { matchLabels: labels(service.name) } },
    },
    'networkpolicy.yaml': networkPolicy(service),
  };
}

const kustomization = (resources, more = {}) => ({
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  ...more,
  resources,
});

function autoscaler(service, cluster) {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(service),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service },
      minReplicas: cluster.replicas,
      maxReplicas: cluster.replicas * 8,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
  };
}

const scaled = ['gateway', 'realtime', 'batch', 'evaluator'];

function overlay(cluster) {
  const patches = scaled.map((name) => ({
    target: { kind: 'Deployment', name },
    patch: `- {op: remove, path: /spec/replicas}\n`,
  }));
  const namespace = `myriad-${cluster.name}`;
  return {
    'namespace.yaml': {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' },
      },
    },
    'default-deny.yaml': {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'default-deny' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
    'configmap.yaml': {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'myriad-common' },
      data: {
        ...commonEnvironment,
        KAFKA_BROKERS: cluster.kafka,
        S3_ENDPOINT: `https://s3.${cluster.name}.internal`,
        S3_BUCKET: cluster.bucket,
        S3_CREATE_BUCKET: 'false',
      },
    },
    ...Object.fromEntries(scaled.map((name) => [`${name}-autoscaler.yaml`, autoscaler(name, cluster)])),
    'realtime-environment.yaml': {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'myriad-realtime' },
      data: { ENVIRONMENT: cluster.name },
    },
    'kustomization.yaml': kustomization(
      [
        'namespace.yaml',
        'default-deny.yaml',
        'configmap.yaml',
        ...scaled.map((name) => `${name}-autoscaler.yaml`),
        ...services.map((service) => `../../base/${service.name}`),
      ],
      {
        namespace,
        patches: [...patches, { path: 'realtime-environment.yaml' }],
      },
    ),
  };
}

/** Every file below k8s/, by its path there. */
export function kubernetesFiles() {
  const files = {};
  for (const service of services) {
    const parts = base(service);
    for (const [name, body] of Object.entries(parts)) files[`base/${service.name}/${name}`] = body;
    files[`base/${service.name}/kustomization.yaml`] = kustomization(Object.keys(parts));
  }
  for (const cluster of clusters)
    for (const [name, body] of Object.entries(overlay(cluster))) files[`overlays/${cluster.name}/${name}`] = body;
  return files;
}
