/** What every workload keeps. Each rule takes the manifests by path and answers with faults, `path: what is wrong`. */
import { dirname } from 'node:path';

/** What `ServerDrain` takes: until idle connections are out of use, and for requests in flight, seconds. */
const DRAIN_SECONDS = 19;
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];
const SECRET = /SECRET|PASSWORD|TOKEN|CREDENTIAL|PRIVATE/;

const ofKind = (manifests, ...kinds) => [...manifests].filter(([, body]) => kinds.includes(body.kind));
const matches = (selector, labels) => Object.entries(selector).every(([name, value]) => labels?.[name] === value);
const beside = (manifests, path, kind) =>
  ofKind(manifests, kind)
    .filter(([other]) => dirname(other) === dirname(path))
    .map(([, body]) => body);

/** Kubernetes' default is 0644. */
const isReadableByOthers = ({ secret, projected }) =>
  (secret !== undefined || projected?.sources.some((source) => source.secret) === true) &&
  ((secret ?? projected).defaultMode ?? 0o644) % 8 !== 0;

function podFaults(pod) {
  const { securityContext: context = {} } = pod;
  const spread = (pod.topologySpreadConstraints ?? []).map(({ topologyKey }) => topologyKey);
  const graceSeconds = pod.terminationGracePeriodSeconds ?? 30;
  const leaveSeconds = Math.max(0, ...pod.containers.map((each) => each.lifecycle?.preStop?.sleep?.seconds ?? 0));
  return [
    context.runAsNonRoot !== true && 'must run as non-root',
    !(context.runAsUser > 0) && 'must name a user that is not root',
    context.seccompProfile?.type !== 'RuntimeDefault' && "must have the runtime's seccomp profile",
    pod.automountServiceAccountToken !== false && 'must mount no service account token',
    ['hostNetwork', 'hostPID', 'hostIPC'].some((name) => pod[name]) && "must not share the host's namespaces",
    (pod.volumes ?? []).some(({ hostPath }) => hostPath) && 'must not mount the host',
    (pod.volumes ?? []).some(isReadableByOthers) && 'must mount secrets readable to its own group at most',
    !spread.includes('topology.kubernetes.io/zone') && 'must spread over zones',
    !spread.includes('kubernetes.io/hostname') && 'must spread over hosts',
    graceSeconds < leaveSeconds + DRAIN_SECONDS && `ends after ${graceSeconds} s, which is too soon to leave and drain`,
  ];
}

function containerFaults(container) {
  const { securityContext: context = {}, resources = {} } = container;
  const isPinned = /:[^/]+$|@sha256:/.test(container.image) && !container.image.endsWith(':latest');
  const literal = (container.env ?? []).find(({ name, value }) => value !== undefined && SECRET.test(name));
  const isToldSecrets =
    (container.envFrom ?? []).some(({ secretRef }) => secretRef) ||
    (container.env ?? []).some(({ valueFrom }) => valueFrom?.secretKeyRef);
  return [
    ...PROBES.map((name) => container[name] === undefined && `has no ${name}`),
    container.livenessProbe?.httpGet?.path === '/readyz' &&
      'is restarted when an engine is away: /readyz is no liveness',
    (resources.requests?.cpu === undefined || resources.requests.memory === undefined) && 'requests no cpu or memory',
    resources.limits?.memory === undefined && 'has no memory limit',
    context.allowPrivilegeEscalation !== false && 'may gain privileges',
    context.privileged === true && 'is privileged',
    context.readOnlyRootFilesystem !== true && 'has a writable root file system',
    !context.capabilities?.drop?.includes('ALL') && 'keeps capabilities',
    !isPinned && `has an image that is not pinned: ${container.image}`,
    literal && `holds a secret as a literal: ${literal.name}`,
    isToldSecrets && 'is told secrets by its environment; mount them as files',
  ].map((fault) => fault && `container ${container.name} ${fault}`);
}

/** Pods are hardened, probed, limited, spread, and given the time to end. */
export function workloadsAreHardened(manifests) {
  return ofKind(manifests, 'Deployment', 'StatefulSet').flatMap(([path, body]) => {
    const { spec: pod, metadata } = body.spec.template;
    const isSelected = matches(body.spec.selector.matchLabels, metadata.labels);
    const hasAccount = beside(manifests, path, 'ServiceAccount').some(
      (each) => each.metadata.name === pod.serviceAccountName,
    );
    const faults = [
      ...podFaults(pod),
      ...pod.containers.flatMap(containerFaults),
      !isSelected && 'does not select the pods of its own template',
      !hasAccount && `runs as ${pod.serviceAccountName}, an account that is not made beside it`,
    ];
    return faults.filter(Boolean).map((fault) => `${path}: ${fault}`);
  });
}

/** Each workload has a budget, and no budget can hold up the drain of a node. */
export function drainsAreNeverBlocked(manifests) {
  return ofKind(manifests, 'Deployment', 'StatefulSet').flatMap(([path, body]) => {
    const { labels } = body.spec.template.metadata;
    const budgets = beside(manifests, path, 'PodDisruptionBudget').filter((each) =>
      matches(each.spec.selector.matchLabels, labels),
    );
    if (budgets.length !== 1) return [`${path}: has ${budgets.length} PodDisruptionBudgets, not one`];
    const { maxUnavailable } = budgets[0].spec;
    return Number.isInteger(maxUnavailable) && maxUnavailable >= 1
      ? []
      : [`${path}: its PodDisruptionBudget must say maxUnavailable ≥ 1; anything else blocks a drain at one replica`];
  });
}

/** Services find pods, and name a port that they have. */
export function servicesFindPods(manifests) {
  return ofKind(manifests, 'Service').flatMap(([path, { spec }]) => {
    const targets = beside(manifests, path, 'Deployment').filter((each) =>
      matches(spec.selector, each.spec.template.metadata.labels),
    );
    const ports = targets.flatMap((each) => each.spec.template.spec.containers).flatMap((each) => each.ports ?? []);
    const missing = spec.ports.filter(({ targetPort }) => !ports.some(({ name }) => name === targetPort));
    return missing.map(({ targetPort }) => `${path}: no pod that it selects has a port '${targetPort}'`);
  });
}

/** What scales says how fast, and never below one. */
export function autoscalersAreBounded(manifests) {
  const names = ofKind(manifests, 'Deployment').map(([, body]) => body.metadata.name);
  return ofKind(manifests, 'HorizontalPodAutoscaler').flatMap(([path, { spec }]) =>
    [
      !names.includes(spec.scaleTargetRef.name) && `scales ${spec.scaleTargetRef.name}, which is not there`,
      !(spec.minReplicas >= 1 && spec.minReplicas <= spec.maxReplicas) && 'must have 1 ≤ minReplicas ≤ maxReplicas',
      !(spec.behavior?.scaleUp && spec.behavior.scaleDown) && 'must say how fast it scales, up and down',
    ]
      .filter(Boolean)
      .map((fault) => `${path}: ${fault}`),
  );
}
