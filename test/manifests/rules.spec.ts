import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { printedFiles } from '../../tools/manifests/printed-files.mjs';
import { type RuleName, rules } from '../../tools/manifests/rules.mjs';

const printed = new Map(
  [...printedFiles()]
    .filter(([path]) => path.startsWith('k8s/'))
    .map(([path, text]) => [path, parse(text) as unknown] as const),
);
const manifests = (): Map<string, unknown> => structuredClone(printed);

const POD = 'spec.template.spec';
const CONTAINER = `${POD}.containers.0`;
const inOverlay = (cluster: string, file: string) => `k8s/overlays/${cluster}/${file}`;

/** One place of a manifest, `a.b.0.c`, gets another value, or none. */
interface Change {
  readonly at: string;
  readonly to?: unknown;
}

function apply(body: unknown, { at, to }: Change): void {
  const steps = at.split('.');
  const last = steps.pop()!;
  const parent = steps.reduce((place, step) => (place as Record<string, unknown>)[step], body);
  if (to === undefined && Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (to === undefined) Reflect.deleteProperty(parent as object, last);
  else (parent as Record<string, unknown>)[last] = to;
}

interface Case {
  readonly rule: RuleName;
  readonly path: string;
  readonly says: string;
  /** Without one, the file is not there. */
  readonly change?: Change;
}

const hardened = (says: string, at: string, to?: unknown): Case => ({
  rule: 'workloadsAreHardened',
  path: 'k8s/base/gateway/deployment.yaml',
  says,
  change: { at, to },
});

const WORKLOADS: readonly Case[] = [
  hardened('must run as non-root', `${POD}.securityContext.runAsNonRoot`),
  hardened('must name a user that is not root', `${POD}.securityContext.runAsUser`, 0),
  hardened("must have the runtime's seccomp profile", `${POD}.securityContext.seccompProfile`),
  hardened('must mount no service account token', `${POD}.automountServiceAccountToken`, true),
  hardened("must not share the host's namespaces", `${POD}.hostNetwork`, true),
  hardened('must not mount the host', `${POD}.volumes.1`, { name: 'state', hostPath: { path: '/' } }),
  hardened('must spread over zones', `${POD}.topologySpreadConstraints.0`),
  hardened('must spread over hosts', `${POD}.topologySpreadConstraints.1`),
  hardened('ends after 22 s', `${POD}.terminationGracePeriodSeconds`, 22),
  hardened('runs as nobody', `${POD}.serviceAccountName`, 'nobody'),
  hardened('does not select the pods', 'spec.selector.matchLabels', { app: 'other' }),
  hardened('has no startupProbe', `${CONTAINER}.startupProbe`),
  hardened('has no livenessProbe', `${CONTAINER}.livenessProbe`),
  hardened('has no readinessProbe', `${CONTAINER}.readinessProbe`),
  hardened('/readyz is no liveness', `${CONTAINER}.livenessProbe.httpGet.path`, '/readyz'),
  hardened('requests no cpu or memory', `${CONTAINER}.resources.requests.memory`),
  hardened('has no memory limit', `${CONTAINER}.resources.limits`),
  hardened('may gain privileges', `${CONTAINER}.securityContext.allowPrivilegeEscalation`),
  hardened('is privileged', `${CONTAINER}.securityContext.privileged`, true),
  hardened('has a writable root', `${CONTAINER}.securityContext.readOnlyRootFilesystem`, false),
  hardened('keeps capabilities', `${CONTAINER}.securityContext.capabilities.drop`, ['NET_RAW']),
  hardened('not pinned', `${CONTAINER}.image`, 'myriad/gateway:latest'),
  hardened('not pinned', `${CONTAINER}.image`, 'registry:5000/gateway'),
  hardened('secrets by its environment', `${CONTAINER}.envFrom`, [{ secretRef: { name: 'gateway' } }]),
  hardened('secrets by its environment', `${CONTAINER}.env`, [
    { name: 'A', valueFrom: { secretKeyRef: { name: 'b' } } },
  ]),
  hardened('readable to its own group', `${POD}.volumes.0.projected.defaultMode`),
  hardened('readable to its own group', `${POD}.volumes.0`, { name: 'keys', secret: { defaultMode: 0o444 } }),
  hardened('a secret as a literal: DB_PASSWORD', `${CONTAINER}.env`, [{ name: 'DB_PASSWORD', value: 'x' }]),
];

const seen = (rule: RuleName, path: string, says: string, change?: Change): Case => ({
  rule,
  path,
  says,
  ...(change === undefined ? {} : { change }),
});

const AROUND: readonly Case[] = [
  seen('drainsAreNeverBlocked', 'k8s/base/deployer/poddisruptionbudget.yaml', 'maxUnavailable', {
    at: 'spec.maxUnavailable',
  }),
  seen('drainsAreNeverBlocked', 'k8s/base/auth/poddisruptionbudget.yaml', 'has 0'),
  seen('servicesFindPods', 'k8s/base/auth/service.yaml', "a port 'htpp'", {
    at: 'spec.ports.0.targetPort',
    to: 'htpp',
  }),
  seen('servicesFindPods', 'k8s/base/auth/service.yaml', 'no pod', { at: 'spec.selector', to: { app: 'auht' } }),
  ...(
    [
      ['how fast', { at: 'spec.behavior' }],
      ['minReplicas', { at: 'spec.minReplicas', to: 99 }],
      ['not there', { at: 'spec.scaleTargetRef.name', to: 'bacth' }],
    ] as const
  ).map(([says, change]) =>
    seen('autoscalersAreBounded', inOverlay('research', 'autoscalers/batch.yaml'), says, change),
  ),
  seen('namespacesAreClosed', inOverlay('research', 'namespace.yaml'), 'enforce, audit and warn', {
    at: 'metadata.labels',
    to: {},
  }),
  ...(
    [
      ['namespace.yaml', 'one namespace'],
      ['network/default-deny.yaml', 'denies all'],
      ['quota.yaml', 'no ResourceQuota'],
      ['limits.yaml', 'no LimitRange'],
    ] as const
  ).map(([file, says]) => seen('namespacesAreClosed', inOverlay('production', file), says)),
  seen('namespacesAreClosed', inOverlay('research', 'network/default-deny.yaml'), 'denies all', {
    at: 'spec.egress',
    to: [{}],
  }),
  seen('policiesNameTheirEdges', 'k8s/base/auth/networkpolicy.yaml', 'no peer', { at: 'spec.ingress.0.from' }),
  seen('policiesNameTheirEdges', 'k8s/base/gateway/networkpolicy.yaml', 'no port', { at: 'spec.egress.0.ports' }),
  seen('policiesNameTheirEdges', inOverlay('research', 'network/to-s3.yaml'), 'more than', {
    at: 'spec.egress.0.to.0.ipBlock.cidr',
    to: '0.0.0.0/0',
  }),
  seen('policiesNameTheirEdges', 'k8s/base/auth/networkpolicy.yaml', 'selects everything', {
    at: 'spec.ingress.0.from.0',
    to: { namespaceSelector: {} },
  }),
  seen('nothingSecretIsCommitted', inOverlay('research', 'kustomization.yaml'), 'Secret', {
    at: 'secretGenerator',
    to: [],
  }),
  seen('nothingSecretIsCommitted', 'k8s/base/auth/serviceaccount.yaml', 'token', {
    at: 'automountServiceAccountToken',
  }),
];

const literals = (to: string) => ({ at: 'configMapGenerator.0.literals', to: [to] });
const patch = (path: string, value: unknown) => ({
  at: 'patches.0.patch',
  to: JSON.stringify([{ op: 'replace', path, value }]),
});
const shares = (cluster: string, says: string, change: Change, file = 'kustomization.yaml') =>
  seen('productionSharesNothing', inOverlay(cluster, file), says, change);

const APART: readonly Case[] = [
  shares(
    'research',
    'names kafka.production.internal',
    literals('KAFKA_BROKERS=kafka.research.internal:9093,kafka.production.internal:9093'),
  ),
  shares('engineering', 'names s3.production.internal', literals('S3_ENDPOINT=https://s3.production.internal')),
  shares(
    'engineering',
    'names id.production.internal',
    literals('OIDC_PROVIDERS=[{"issuer":"https://id.production.internal"}]'),
  ),
  shares('engineering', 'names myriad-production', literals('S3_BUCKET=myriad-production')),
  shares(
    'research',
    'names production-auth-tls',
    patch('/spec/template/spec/volumes/-', { name: 'certificate', secret: { secretName: 'production-auth-tls' } }),
  ),
  shares('production', 'names myriad-research', { at: 'namespace', to: 'myriad-research' }),
  shares('production', 'names myriad-applied-science', {
    at: 'configMapGenerator.1.literals',
    to: ['S3_BUCKET=myriad-applied-science'],
  }),
  shares(
    'production',
    'names research-auth',
    patch('/spec/template/spec/volumes/0/projected/sources/1/secret/name', 'research-auth'),
  ),
  shares(
    'research',
    'names 10.40.1.0/24',
    { at: 'spec.egress.0.to.0.ipBlock.cidr', to: '10.40.1.0/24' },
    'network/to-kafka.yaml',
  ),
  shares(
    'research',
    'overlaps',
    { at: 'spec.egress.0.to.0.ipBlock.cidr', to: '10.40.0.0/16' },
    'network/to-kafka.yaml',
  ),
  shares('production', 'names too little', { at: 'patches', to: [] }),
  seen('productionSharesNothing', 'k8s/base/auth/deployment.yaml', 'names production-auth', {
    at: `${POD}.volumes.0.projected.sources.1.secret.name`,
    to: 'production-auth',
  }),
];

const CASES = [...WORKLOADS, ...AROUND, ...APART];

describe('the rules of Kubernetes manifests', () => {
  it.each(Object.entries(rules))('%s holds for what is printed', (_name, rule) => {
    expect(rule(manifests())).toEqual([]);
  });

  it.each(CASES)('$rule sees at $path: $says', ({ rule, path, change, says }) => {
    const changed = manifests();
    expect(changed.has(path)).toBe(true);
    if (change === undefined) changed.delete(path);
    else apply(changed.get(path), change);
    expect(rules[rule](changed).join('\n')).toContain(says);
  });

  it('every rule has a case in which it fails', () => {
    expect(new Set(CASES.map(({ rule }) => rule))).toEqual(new Set(Object.keys(rules)));
  });
});
