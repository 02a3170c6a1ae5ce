/** What every cluster keeps, and what keeps clusters apart. Each rule takes the manifests by path (`k8s/base/…`, `k8s/overlays/<cluster>/…`) and answers with faults. */

const clusterOf = (path) => /^k8s\/overlays\/([^/]+)\//.exec(path)?.[1];
const clustersIn = (manifests) => [...new Set([...manifests.keys()].map(clusterOf).filter(Boolean))];
const filesOf = (manifests, cluster) => [...manifests].filter(([path]) => clusterOf(path) === cluster);
const MODES = ['enforce', 'audit', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}`);

/** Namespaces are restricted, counted, and closed until a policy opens them. */
export function namespacesAreClosed(manifests) {
  return clustersIn(manifests).flatMap((cluster) => {
    const bodies = filesOf(manifests, cluster).map(([, body]) => body);
    const has = (kind) => bodies.some((body) => body.kind === kind);
    const namespaces = bodies.filter(({ kind }) => kind === 'Namespace');
    const isRestricted = namespaces.every(({ metadata }) =>
      MODES.every((mode) => metadata.labels?.[mode] === 'restricted'),
    );
    const deniesAll = bodies.some(
      ({ kind, spec }) =>
        kind === 'NetworkPolicy' &&
        Object.keys(spec.podSelector).length === 0 &&
        ['Ingress', 'Egress'].every((type) => spec.policyTypes.includes(type)) &&
        spec.ingress === undefined &&
        spec.egress === undefined,
    );
    return [
      namespaces.length !== 1 && 'must have one namespace of its own',
      !isRestricted && 'its namespace must enforce, audit and warn of PodSecurity `restricted`',
      !deniesAll && 'has no policy that denies all traffic by default',
      !has('ResourceQuota') && 'has no ResourceQuota',
      !has('LimitRange') && 'has no LimitRange',
    ]
      .filter(Boolean)
      .map((fault) => `k8s/overlays/${cluster}: ${fault}`);
  });
}

function openRules(body, direction, side) {
  const rules = body.spec[direction] ?? [];
  return rules.flatMap((rule) => [
    !(rule[side]?.length > 0) && `${direction} names no peer: everybody`,
    !(rule.ports?.length > 0) && `${direction} names no port: all of them`,
    rule[side]?.some((peer) => peer.ipBlock && Number(peer.ipBlock.cidr.split('/')[1]) < 16) &&
      `${direction} opens more than 65,536 addresses`,
    rule[side]?.some((peer) => [peer.namespaceSelector, peer.podSelector].some((each) => each && isEmpty(each))) &&
      `${direction} selects everything`,
  ]);
}

const isEmpty = ({ matchLabels = {}, matchExpressions = [] }) =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

/** A policy that allows something says whom and which port. */
export function policiesNameTheirEdges(manifests) {
  return [...manifests]
    .filter(([, { kind }]) => kind === 'NetworkPolicy')
    .flatMap(([path, body]) =>
      [...openRules(body, 'ingress', 'from'), ...openRules(body, 'egress', 'to')]
        .filter(Boolean)
        .map((fault) => `${path}: ${fault}`),
    );
}

/** Secrets are made where they are needed, never committed; accounts get no token. */
export function nothingSecretIsCommitted(manifests) {
  return [...manifests].flatMap(([path, body]) => {
    if (body.kind === 'Secret' || body.secretGenerator !== undefined)
      return [`${path}: a Secret must not be committed`];
    if (body.kind === 'ServiceAccount' && body.automountServiceAccountToken !== false)
      return [`${path}: must not have its token mounted`];
    return [];
  });
}

/** Every string in a manifest, those in JSON patches too. */
function* stringsIn(value, key = '') {
  if (Array.isArray(value)) for (const each of value) yield* stringsIn(each, key);
  else if (value !== null && typeof value === 'object')
    for (const [name, each] of Object.entries(value)) yield* stringsIn(each, name);
  else if (typeof value === 'string' && key === 'patch') yield* patchedStrings(JSON.parse(value));
  else if (typeof value === 'string') yield [key, value];
}

function* patchedStrings(operations) {
  for (const { path, value } of operations) {
    const field = path
      .split('/')
      .filter((part) => part !== 'name')
      .at(-1);
    yield* stringsIn(value, field);
  }
}

/** Names inside a cluster's own network mean another thing in each cluster. */
const isLocal = (host) => !host.includes('.') || host.endsWith('.svc.cluster.local') || /^[\d.]+$/.test(host);

/** What a string of a manifest names in the world outside the pods, if anything. */
function identitiesOf(key, text) {
  if (['namespace', 'cidr', 'secretName', 'secret', 'configMap', 'priorityClassName'].includes(key)) return [text];
  if (key !== 'literals') return [];
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) return [];
  if (name === 'S3_BUCKET') return [value];
  return [...value.matchAll(/(?:^|\/\/|,|@)([\w.-]+\.[\w.-]+)(?=[:/,"]|$)/g)]
    .map(([, host]) => host)
    .filter((host) => !isLocal(host));
}

function identities(manifests, cluster) {
  return new Set(
    filesOf(manifests, cluster).flatMap(([, body]) => [
      ...(body.kind === 'Namespace' || body.kind === 'PriorityClass' ? [body.metadata.name] : []),
      ...[...stringsIn(body)].flatMap(([key, text]) => identitiesOf(key, text)),
    ]),
  );
}

const asNumber = (address) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function overlap(left, right) {
  const [a, b] = [left, right].map((cidr) => {
    const [address, bits] = cidr.split('/');
    const size = 2 ** (32 - Number(bits));
    const from = Math.floor(asNumber(address) / size) * size;
    return { from, to: from + size };
  });
  return a.from < b.to && b.from < a.to;
}

const isCidr = (text) => /^[\d.]+\/\d+$/.test(text);
const isNamedIn = (identity, text) =>
  new RegExp(`(^|[^\\w.-])${identity.replaceAll('.', '\\.')}($|[^\\w.-])`).test(text);

/** No namespace, address, bucket, secret or range of addresses of production is any other cluster's, or is named by it or by the base. */
export function productionSharesNothing(manifests) {
  const own = identities(manifests, 'production');
  const faults = own.size < 20 ? ['k8s/overlays/production: names too little for this check to mean anything'] : [];
  for (const [path, body] of manifests) {
    if (clusterOf(path) === 'production') continue;
    const texts = [...stringsIn(body)].map(([, text]) => text);
    for (const identity of own)
      if (texts.some((text) => isNamedIn(identity, text))) faults.push(`${path}: names ${identity} of production`);
  }
  for (const cluster of clustersIn(manifests).filter((name) => name !== 'production'))
    for (const theirs of [...identities(manifests, cluster)].filter(isCidr))
      for (const ours of [...own].filter(isCidr))
        if (theirs !== ours && overlap(ours, theirs))
          faults.push(`k8s/overlays/${cluster}: ${theirs} overlaps ${ours} of production`);
  return faults;
}
