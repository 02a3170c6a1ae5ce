import { ADMIN_PORT, CERTIFICATE_FOLDER, IMAGE_VERSION, SECRETS_FOLDER, callPorts } from '../mesh.mjs';
import { certificateSecret, cpu, filesSecret, labels, memory, meta, publicKeys } from './names.mjs';

const probes = (port) => {
  const probe = (path, more) => ({ httpGet: { path, port }, timeoutSeconds: 2, ...more });
  return {
    // a service listens when its database is migrated and its engines answer; what is alive after that depends on no engine
    startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 120 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/readyz', { periodSeconds: 3, failureThreshold: 2 }),
  };
};

/** Until the endpoint has left the load balancers, seconds. */
const LEAVE_SECONDS = 5;
/** Until nobody uses an idle connection any more (`DRAIN_QUIET_MS` and three seconds), then what requests in flight get, and what closing the rest takes, seconds. */
const QUIET_SECONDS = 9;
const DRAIN_SECONDS = 10;
const CLOSE_SECONDS = 25;

function container(service) {
  return {
    name: service.name,
    image: `myriad/${service.name}:${IMAGE_VERSION}`,
    ports: [
      ...Object.entries(callPorts(service)).map(([name, containerPort]) => ({ name, containerPort })),
      ...(service.public ? [] : [{ name: 'admin', containerPort: ADMIN_PORT }]),
    ],
    envFrom: [{ configMapRef: { name: 'myriad-common' } }, { configMapRef: { name: `myriad-${service.name}` } }],
    ...probes(service.public ? 'http' : 'admin'),
    resources: {
      requests: { cpu: cpu(service.cpu), memory: memory(Math.round(service.memory / 2)) },
      limits: { cpu: cpu(service.cpu * 4), memory: memory(service.memory) },
    },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    lifecycle: { preStop: { sleep: { seconds: LEAVE_SECONDS } } },
    volumeMounts: [
      { name: 'keys', mountPath: SECRETS_FOLDER, readOnly: true },
      { name: 'state', mountPath: '/var/lib/myriad' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

const spread = (service, topologyKey, more) => ({
  maxSkew: 1,
  topologyKey,
  labelSelector: { matchLabels: labels(service.name) },
  matchLabelKeys: ['pod-template-hash'],
  ...more,
});

function pod(service) {
  return {
    serviceAccountName: service.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: LEAVE_SECONDS + QUIET_SECONDS + DRAIN_SECONDS + CLOSE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [
      spread(service, 'topology.kubernetes.io/zone', { whenUnsatisfiable: 'ScheduleAnyway' }),
      spread(service, 'kubernetes.io/hostname', { whenUnsatisfiable: 'DoNotSchedule', nodeTaintsPolicy: 'Honor' }),
    ],
    containers: [container(service)],
    volumes: [
      {
        name: 'keys',
        projected: {
          defaultMode: 0o440,
          sources: [{ configMap: { name: publicKeys() } }, { secret: { name: filesSecret(service) } }],
        },
      },
      { name: 'state', emptyDir: { sizeLimit: '2Gi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
    ],
  };
}

/** A Deployment: replicas need no address of their own, for callers reach them through the Service. */
export const deployment = (service) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(service.name),
  spec: {
    replicas: service.replicas,
    revisionHistoryLimit: 5,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    selector: { matchLabels: labels(service.name) },
    template: { metadata: { labels: labels(service.name) }, spec: pod(service) },
  },
});

/** Where in {@link deployment} a cluster's own names stand, as a JSON patch. */
export const clusterNames = (service, cluster) => [
  {
    op: 'replace',
    path: '/spec/template/spec/volumes/0/projected/sources/0/configMap/name',
    value: publicKeys(cluster.name),
  },
  {
    op: 'replace',
    path: '/spec/template/spec/volumes/0/projected/sources/1/secret/name',
    value: filesSecret(service, cluster.name),
  },
];

/** A service's certificate in {@link deployment}, as a JSON patch. */
export const certificateMount = (service, cluster) => [
  {
    op: 'add',
    path: '/spec/template/spec/volumes/-',
    value: {
      name: 'certificate',
      secret: { secretName: certificateSecret(service, cluster.name), defaultMode: 0o440 },
    },
  },
  {
    op: 'add',
    path: '/spec/template/spec/containers/0/volumeMounts/-',
    value: { name: 'certificate', mountPath: CERTIFICATE_FOLDER, readOnly: true },
  },
];
