/**
 * The mesh as containers: the one source from which docker-compose.yml and k8s/ are printed (`node tools/manifests/print.mjs`).
 * Memory in MiB, CPU in millicores.
 */
export const IMAGE_VERSION = '0.1.0';
export const PORT = 8080;
/** Of every service but the gateway, in plain: /healthz, /readyz and /metrics for kubelets and scrapers, which have no certificate. */
export const ADMIN_PORT = 8081;
/** Of realtime and gateway: the inference protocol over gRPC; with a token of the gateway's inside, with a key outside. */
export const GRPC_PORT = 8082;
/** Where containers find secrets and keys, each a file. */
export const SECRETS_FOLDER = '/run/myriad';
/** Where they find `tls.crt`, `tls.key` and `ca.crt`, when mutual TLS is on. */
export const CERTIFICATE_FOLDER = '/run/tls';

/** Engines of the compose file, by the names that services find them under. */
export const engines = {
  postgres: 'postgres:18.1-bookworm',
  kafka: 'apache/kafka:4.1.1',
  s3: 'versity/versitygw:v1.8.0',
  otelCollector: 'otel/opentelemetry-collector-contrib:0.140.0',
  prometheus: 'prom/prometheus:v3.16.0',
  grafana: 'grafana/grafana:12.3.0',
  jaeger: 'jaegertracing/jaeger:2.12.0',
  busybox: 'busybox:1.37.0-musl',
};

/**
 * What every service is told, besides its database. Where mutual TLS is on (docker-compose.tls.yml, clusters with `isMutualTls`), {@link mutualTls} comes on top;
 * people log in with OIDC_PROVIDERS of auth, which Compose takes from `.env` and a cluster from its `oidc`.
 */
export const commonEnvironment = {
  HOST: '0.0.0.0',
  PORT: String(PORT),
  LOG_LEVEL: 'info',
  EVENT_LOG: 'kafka',
  KAFKA_BROKERS: 'kafka:9092',
  OBJECT_STORE: 's3',
  S3_ENDPOINT: 'http://s3:7070',
  S3_REGION: 'us-east-1',
  S3_BUCKET: 'myriad',
  S3_CREATE_BUCKET: 'true',
  SNAPSHOTS: 'true',
  OBJECT_ENCRYPTION: 'local',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4318',
  INTERNAL_JWKS_FILE: `${SECRETS_FOLDER}/internal-jwks.json`,
  STATE_FOLDER: '/var/lib/myriad',
};

/** Secrets by the variable that `npm run mesh` gives them in; containers are given files instead, {@link secretPaths}. */
export const secretVariables = (service) => [
  ...(service.objects ? ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] : []),
  ...(service.database ? ['DATABASE_URL', 'DATABASE_MIGRATION_URL'] : []),
];

/** Name of the file that holds a secret: DATABASE_URL is in `database-url`. */
export const secretFile = (variable) => variable.toLowerCase().replaceAll('_', '-');
const secretPaths = (service) =>
  Object.fromEntries(secretVariables(service).map((name) => [`${name}_FILE`, `${SECRETS_FOLDER}/${secretFile(name)}`]));

/** Port of probes and metrics. The gateway speaks plain HTTP to whoever ends its clients' TLS, and has no other port. */
export const probePort = (service) => (service.public ? PORT : ADMIN_PORT);

/** Ports for those that call a service, by their names. */
export const callPorts = ({ environment: { GRPC_PORT: grpc } }) => ({
  http: PORT,
  ...(grpc && { grpc: Number(grpc) }),
});

/** What a service is told in a container, wherever that runs. Left to itself, V8 takes a heap as large as a small container. */
export const containerVariables = (service) => ({
  ...service.environment,
  NODE_OPTIONS: `--max-old-space-size=${service.heap}`,
  ...(service.public ? {} : { ADMIN_PORT: String(ADMIN_PORT) }),
  ...secretPaths(service),
});

/** What turns mutual TLS on: a certificate, and https for whom the service calls. */
export const mutualTls = (service) => ({
  TLS_CERT_FILE: `${CERTIFICATE_FOLDER}/tls.crt`,
  TLS_KEY_FILE: `${CERTIFICATE_FOLDER}/tls.key`,
  TLS_CA_FILE: `${CERTIFICATE_FOLDER}/ca.crt`,
  ...(service.public ? {} : { TLS_ALLOWED_CLIENTS: callersOf(service.name).join(',') }),
  ...Object.fromEntries(
    Object.entries(service.environment)
      .filter(([name, value]) => value.startsWith('http:') && name !== 'OBJECT_STORE_PUBLIC_URL')
      .map(([name, value]) => [name, value.replace(/^http:/, 'https:')]),
  ),
});

/** Names of the services that call one: the only ones whose certificates it takes, and the only pods that reach it. */
export const callersOf = (name) =>
  services
    .filter(({ calls = [] }) => calls.includes(name))
    .map((caller) => caller.name)
    .sort();

/** Who opens objects: what seals their keys, which is one secret of all. */
const sealed = {
  environment: { OBJECT_MASTER_SECRET_FILE: `${SECRETS_FOLDER}/object-master.key` },
  secretFiles: ['object-master.key'],
};
/** Who gives out URLs of objects, or proves them: besides, where clients find the door, and what signs. */
const signing = {
  environment: {
    ...sealed.environment,
    OBJECT_STORE_PUBLIC_URL: 'http://localhost:8090',
    OBJECT_STORE_SIGNING_KEY_FILE: `${SECRETS_FOLDER}/object-store.key`,
  },
  secretFiles: [...sealed.secretFiles, 'object-store.key'],
};

/** Whether the service gives out or proves URLs of objects. */
export const isSigning = ({ environment }) => environment.OBJECT_STORE_PUBLIC_URL !== undefined;

const upstream = (name) => `http://${name}:${PORT}`;

/**
 * One entry a service. `memory`: what a container gets; `heap`: what JavaScript may take of it, here and on one machine; `outside`: what DuckDB's limit or models (MEMORY_LIMIT_BYTES) may take besides.
 * `database`: owns a PostgreSQL database of its name. `secretFiles`: files below /run/myriad that it needs besides the public key set.
 * `objects`: uses the object store; auth, deployer and gateway for snapshots of topics alone. `events`: false for who needs no event log. `public`: clients reach it from outside, in plain behind whoever ends their TLS. `calls`: the services it opens connections to (the gateway alone forwards; the deployer looks after serving capacity).
 */
export const services = [
  {
    name: 'auth',
    database: true,
    objects: true,
    memory: 384,
    heap: 192,
    cpu: 100,
    replicas: 2,
    environment: {
      ...sealed.environment,
      SIGNING_KEY_ENCRYPTION_FILE: `${SECRETS_FOLDER}/signing-key-encryption.key`,
      BOOTSTRAP_KEY_FILE: '/var/lib/myriad/admin.key',
    },
    secretFiles: [...sealed.secretFiles, 'signing-key-encryption.key'],
  },
  {
    name: 'registry',
    database: true,
    objects: true,
    memory: 768,
    heap: 256,
    outside: 256,
    cpu: 250,
    replicas: 2,
    ...signing,
  },
  {
    name: 'training',
    database: true,
    objects: true,
    memory: 4096,
    heap: 256,
    cpu: 500,
    replicas: 1,
    environment: { ...sealed.environment, MYRIAD_PYTHON: '/opt/python/bin/python' },
    secretFiles: sealed.secretFiles,
    target: 'training',
  },
  {
    name: 'evaluator',
    database: true,
    objects: true,
    memory: 1024,
    heap: 256,
    outside: 256,
    cpu: 250,
    replicas: 2,
    ...sealed,
  },
  {
    name: 'deployer',
    database: true,
    objects: true,
    memory: 384,
    heap: 192,
    cpu: 100,
    replicas: 1,
    environment: {
      ...sealed.environment,
      REPLICA_URL_TEMPLATE: `http://realtime-{pool}:${PORT}`,
      REPLICA_GRPC_PORT: String(GRPC_PORT),
    },
    secretFiles: sealed.secretFiles,
    calls: ['realtime'],
  },
  {
    name: 'realtime',
    database: false,
    objects: true,
    memory: 1280,
    heap: 512,
    outside: 512,
    cpu: 500,
    replicas: 2,
    environment: {
      ...sealed.environment,
      ENVIRONMENT: 'production',
      POOL: 'tabular-small',
      MEMORY_LIMIT_BYTES: '536870912',
      GRPC_PORT: String(GRPC_PORT),
    },
    secretFiles: sealed.secretFiles,
  },
  {
    name: 'batch',
    database: true,
    objects: true,
    memory: 1024,
    heap: 256,
    outside: 256,
    cpu: 500,
    replicas: 2,
    ...signing,
  },
  {
    name: 'objects',
    database: false,
    events: false,
    objects: true,
    memory: 256,
    heap: 96,
    cpu: 100,
    replicas: 2,
    public: true,
    ...signing,
  },
  {
    name: 'gateway',
    database: false,
    objects: true,
    memory: 512,
    heap: 256,
    cpu: 250,
    replicas: 2,
    public: true,
    secretFiles: [...sealed.secretFiles, 'internal-signing-key.json'],
    environment: {
      ...sealed.environment,
      INTERNAL_SIGNING_KEY_FILE: `${SECRETS_FOLDER}/internal-signing-key.json`,
      GRPC_PORT: String(GRPC_PORT),
      AUTH_URL: upstream('auth'),
      REGISTRY_URL: upstream('registry'),
      TRAINING_URL: upstream('training'),
      EVALUATOR_URL: upstream('evaluator'),
      DEPLOYER_URL: upstream('deployer'),
      BATCH_URL: upstream('batch'),
    },
    calls: ['auth', 'registry', 'training', 'evaluator', 'deployer', 'realtime', 'batch'],
  },
];

/**
 * The clusters, each with its own namespace, broker, database server, bucket, door of objects, identity provider and replica counts; production shares nothing with the others, and its services speak
 * mutual TLS. The addresses are an example's: an installation writes its own here and prints again. `network`: where NetworkPolicies let the services reach their engines.
 * `oidc`: OIDC_PROVIDERS of auth (services/auth/README.md); none: people have no login.
 */
export const clusters = [
  cluster({ name: 'research', replicas: 1, subnet: '10.10' }),
  cluster({ name: 'applied-science', replicas: 1, subnet: '10.20' }),
  cluster({ name: 'engineering', replicas: 2, subnet: '10.30' }),
  cluster({ name: 'production', replicas: 3, subnet: '10.40', isMutualTls: true }),
];

function cluster({ name, replicas, subnet, isMutualTls = false }) {
  return {
    name,
    replicas,
    isMutualTls,
    kafka: `kafka.${name}.internal:9093`,
    s3: `https://s3.${name}.internal`,
    bucket: `myriad-${name}`,
    oidc: [
      {
        id: 'corp',
        issuer: `https://id.${name}.internal`,
        clientId: 'myriad',
        clientSecret: `file:${SECRETS_FOLDER}/oidc-client-secret`,
        deviceClientId: 'myriad-cli',
        redirectUris: [`https://myriad.${name}.internal/login/callback`],
        tenant: 'platform',
        roles: [{ group: 'myriad-administrators', role: 'platform-admin' }],
      },
    ],
    objectsUrl: `https://objects.${name}.internal`,
    network: {
      kafka: { cidr: `${subnet}.1.0/24`, port: 9093 },
      postgres: { cidr: `${subnet}.2.0/24`, port: 5432 },
      s3: { cidr: `${subnet}.3.0/24`, port: 443 },
      identity: { cidr: `${subnet}.4.0/24`, port: 443 },
    },
  };
}
