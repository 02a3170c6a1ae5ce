import { callPorts, callersOf, probePort, services } from '../mesh.mjs';
import { labels, meta } from './names.mjs';

const podsOf = (name) => ({ podSelector: { matchLabels: labels(name) } });
const inNamespace = (name) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
const tcp = (port) => ({ port, protocol: 'TCP' });

const serviceOf = (wanted) => services.find(({ name }) => name === wanted);
const portsOf = (service) => Object.values(callPorts(service)).map(tcp);

const policy = (name, spec) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec,
});

/** The edges inside the namespace: who may call the service, and whom it calls. */
export function edgesOf(service) {
  return {
    ...policy(service.name, {
      podSelector: { matchLabels: labels(service.name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        ...(service.public
          ? [{ from: [inNamespace('ingress')], ports: portsOf(service) }]
          : [{ from: callersOf(service.name).map(podsOf), ports: portsOf(service) }]),
        { from: [inNamespace('monitoring')], ports: [tcp(probePort(service))] },
      ],
      // none: nothing is let out, and the API server keeps no empty list
      ...(service.calls && {
        egress: service.calls.map((name) => ({ to: [podsOf(name)], ports: portsOf(serviceOf(name)) })),
      }),
    }),
    metadata: meta(service.name),
  };
}

const namesOf = (isUser) => ({
  matchExpressions: [
    { key: 'app.kubernetes.io/name', operator: 'In', values: services.filter(isUser).map(({ name }) => name) },
  ],
});

const engineEdge = (name, isUser, { cidr, port }) =>
  policy(`to-${name}`, {
    podSelector: namesOf(isUser),
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr } }], ports: [tcp(port)] }],
  });

/** Nothing may speak to anything, but names may be asked for, traces be sent, and each service reach the engines that it uses, auth the identity provider. */
export function clusterPolicies({ network, oidc = [] }) {
  const dns = { ...inNamespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
  return {
    'default-deny': policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    'to-names': policy('to-names', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [dns], ports: [{ port: 53, protocol: 'UDP' }, tcp(53)] }],
    }),
    'to-telemetry': policy('to-telemetry', {
      podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'myriad' } },
      policyTypes: ['Egress'],
      egress: [{ to: [inNamespace('monitoring')], ports: [tcp(4318)] }],
    }),
    'to-kafka': engineEdge('kafka', ({ events }) => events !== false, network.kafka),
    'to-postgres': engineEdge('postgres', ({ database }) => database, network.postgres),
    'to-s3': engineEdge('s3', ({ objects }) => objects, network.s3),
    ...(oidc.length > 0 && { 'to-identity': engineEdge('identity', ({ name }) => name === 'auth', network.identity) }),
  };
}
