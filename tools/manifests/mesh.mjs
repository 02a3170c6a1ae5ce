/**
 * The mesh as containers: the one source from which docker-compose.yml and k8s/ are printed (`node tools/manifests/print.mjs`).
 * Memory in MiB, CPU in millicores.
 */
export const IMAGE_VERSION = '0.1.0';
export const PORT = 8080;

/** Engines of the compose file, by the names that services find them under. */
export const engines = {
  postgres: 'postgres:18.1-bookworm',
  kafka: 'apache/kafka:4.1.1',
  s3: 'versity/versitygw:v1.8.0',
  otelCollector: 'otel/opentelemetry-collector-contrib:0.140.0',
  prometheus: 'prom/prometheus:v3.7.3',
  grafana: 'grafana/grafana:12.3.0',
  jaeger: 'jaegertracing/jaeger:2.12.0',
  busybox: 'busybox:1.37.0-musl',
};

/**
 * What every service is told, besides its database.
 *
 * Optional, and off here: mutual TLS between services, by TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE (a mounted Secret `tls.crt`, `tls.key`, `ca.crt`; read
 * again when it changes), TLS_ALLOWED_CLIENTS (default gateway; realtime: gateway,deployer) and ADMIN_PORT (probes and metrics in plain); the upstreams of
 * the gateway and REPLICA_URL_TEMPLATE are then https. People log in with OIDC_PROVIDERS or OIDC_PROVIDERS_FILE of auth. Every secret `NAME` may be given as
 * `NAME_FILE`.
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
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4318',
  INTERNAL_JWKS_FILE: '/run/myriad/internal-jwks.json',
  STATE_FOLDER: '/var/lib/myriad',
};

/** Variables that hold secrets: Compose fills them in from `.env`, Kubernetes from a Secret, `npm run mesh` from its folder. */
export const secretVariables = (service) => [
  ...(service.objects ? ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] : []),
  ...(service.database ? ['DATABASE_URL', 'DATABASE_MIGRATION_URL'] : []),
];

const upstream = (name) => `http://${name}:${PORT}`;

/**
 * One entry a service. `database`: owns a PostgreSQL database of its name. `secretFiles`: files below /run/myriad that it needs besides the public key set.
 * `objects`: reads and writes the object store. `calls`: the services it opens connections to (the gateway alone forwards; the deployer looks after serving capacity).
 */
export const services = [
  {
    name: 'auth',
    database: true,
    memory: 256,
    cpu: 100,
    replicas: 2,
    environment: {
      SIGNING_KEY_ENCRYPTION_FILE: '/run/myriad/signing-key-encryption.key',
      BOOTSTRAP_KEY_FILE: '/var/lib/myriad/admin.key',
    },
    secretFiles: ['signing-key-encryption.key'],
  },
  {
    name: 'registry',
    database: true,
    objects: true,
    memory: 768,
    cpu: 250,
    replicas: 2,
    environment: {},
    secretFiles: [],
  },
  {
    name: 'training',
    database: true,
    objects: true,
    memory: 4096,
    cpu: 500,
    replicas: 1,
    environment: { MYRIAD_PYTHON: '/opt/python/bin/python' },
    secretFiles: [],
    target: 'training',
  },
  {
    name: 'evaluator',
    database: true,
    objects: true,
    memory: 1024,
    cpu: 250,
    replicas: 2,
    environment: {},
    secretFiles: [],
  },
  {
    name: 'deployer',
    database: true,
    memory: 256,
    cpu: 100,
    replicas: 1,
    environment: { REPLICA_URL_TEMPLATE: `http://realtime-{pool}:${PORT}` },
    secretFiles: [],
    calls: ['realtime'],
  },
  {
    name: 'realtime',
    database: false,
    objects: true,
    memory: 1024,
    cpu: 500,
    replicas: 2,
    environment: { ENVIRONMENT: 'production', POOL: 'tabular-small', MEMORY_LIMIT_BYTES: '536870912' },
    secretFiles: [],
  },
  {
    name: 'batch',
    database: true,
    objects: true,
    memory: 1024,
    cpu: 500,
    replicas: 2,
    environment: {},
    secretFiles: [],
  },
  {
    name: 'gateway',
    database: false,
    memory: 256,
    cpu: 250,
    replicas: 2,
    public: true,
    secretFiles: ['internal-signing-key.json'],
    environment: {
      INTERNAL_SIGNING_KEY_FILE: '/run/myriad/internal-signing-key.json',
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
 * The clusters, each with its own namespace, broker, database server, bucket and replica counts; production shares nothing with the others. The addresses are an example's:
 * an installation writes its own here and prints again. `network`: where NetworkPolicies let the services reach their engines.
 */
export const clusters = [
  cluster({ name: 'research', replicas: 1, subnet: '10.10' }),
  cluster({ name: 'applied-science', replicas: 1, subnet: '10.20' }),
  cluster({ name: 'engineering', replicas: 2, subnet: '10.30' }),
  cluster({ name: 'production', replicas: 3, subnet: '10.40' }),
];

function cluster({ name, replicas, subnet }) {
  return {
    name,
    replicas,
    kafka: `kafka.${name}.internal:9093`,
    s3: `https://s3.${name}.internal`,
    bucket: `myriad-${name}`,
    network: {
      kafka: { cidr: `${subnet}.1.0/24`, port: 9093 },
      postgres: { cidr: `${subnet}.2.0/24`, port: 5432 },
      s3: { cidr: `${subnet}.3.0/24`, port: 443 },
    },
  };
}
