/** What the parts of a cluster's manifests call each other. */
export const labels = (name) => ({ 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'myriad' });
export const meta = (name) => ({ name, labels: labels(name) });

/** Namespace of a cluster. */
export const namespaceOf = (cluster) => `myriad-${cluster.name}`;

/** Secret whose keys are the files of a service; `base` stands for the cluster's name until an overlay says it. */
export const filesSecret = (service, cluster = 'base') => `${cluster}-${service.name}`;
/** Secret with `tls.crt`, `tls.key` and `ca.crt` of a service, as cert-manager writes it. */
export const certificateSecret = (service, cluster) => `${cluster}-${service.name}-tls`;
/** ConfigMap with the public keys that internal tokens are verified by. */
export const publicKeys = (cluster = 'base') => `${cluster}-internal-jwks`;

/** Under which name and address a service is found in its namespace: a pool of `realtime` by the pool's name. */
export const serviceName = (service) =>
  service.environment.POOL === undefined ? service.name : `${service.name}-${service.environment.POOL}`;

/** Quantities as the API server writes them, so that what is applied again is what is there. */
export const cpu = (millis) => (millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`);
export const memory = (mebibytes) => (mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`);
