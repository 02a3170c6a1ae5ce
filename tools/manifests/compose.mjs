import {
  CERTIFICATE_FOLDER,
  GRPC_PORT,
  IMAGE_VERSION,
  PORT,
  SECRETS_FOLDER,
  commonEnvironment,
  containerVariables,
  engines,
  isSigning,
  mutualTls,
  probePort,
  secretFile,
  secretVariables,
  services,
} from './mesh.mjs';
import { SECRETS_ON_HOST, hostFile } from './secrets.mjs';

const health = (command, more = {}) => ({
  test: ['CMD-SHELL', command],
  interval: '5s',
  timeout: '3s',
  retries: 20,
  ...more,
});
/** `wget` of busybox: fails unless the answer is 2xx. */
const answers = (url, wget = 'wget') => health(`${wget} -q -O /dev/null ${url}`);
const limits = (memoryMib, cpus) => ({ resources: { limits: { memory: `${memoryMib}M`, cpus: String(cpus) } } });
const hardened = {
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  restart: 'unless-stopped',
};
/** Compose mounts a secret that is a file as it is on the host: readable to its owner, as who the services run (`tools/manifests/secrets.mjs` writes both down). */
const OWNER = { uid: '${MYRIAD_UID:-1000}', gid: '${MYRIAD_GID:-1000}' };
/** Of the host: one a replica of what clients reach. */
const PORTS = { gateway: '${MYRIAD_GATEWAY_PORTS:-8080-8081}', objects: '${MYRIAD_OBJECTS_PORT:-8090}' };
const GRPC_PORTS = { gateway: '${MYRIAD_GATEWAY_GRPC_PORTS:-8082-8083}' };
/** Presigned URLs name one address, and Compose publishes a port for one container: a second door would stand behind a port that nobody is told of. */
const replicasOf = ({ name, replicas }) => (name === 'objects' ? 1 : replicas);
const secret = (source, name = source) => ({ source, target: `${SECRETS_FOLDER}/${name}` });
const healthy = (...names) => Object.fromEntries(names.map((name) => [name, { condition: 'service_healthy' }]));

/** What a service is told in docker-compose.yml. */
export const composeVariables = (service) => ({
  ...commonEnvironment,
  ...containerVariables(service),
  ...(isSigning(service) ? { OBJECT_STORE_PUBLIC_URL: '${MYRIAD_OBJECTS_URL:-http://localhost:8090}' } : {}),
  // a JSON list; a client secret in it is `file:/var/lib/myriad/oidc-client-secret`, on the host .myriad/compose/auth/oidc-client-secret
  ...(service.name === 'auth' ? { OIDC_PROVIDERS: '${MYRIAD_OIDC_PROVIDERS:-}' } : {}),
});

const secretsOf = (service) => [
  ...['internal-jwks.json', ...service.secretFiles].map((name) => secret(name)),
  ...secretVariables(service).map((name) => secret(hostFile(service, name), secretFile(name))),
];

/** Where a service keeps what it is working on; what auth writes there once, the administrator's key, is kept on the host. */
function stateOf(service) {
  const scratch = `uid=${OWNER.uid},gid=${OWNER.gid}`;
  if (service.name === 'auth') return { tmpfs: ['/tmp'], volumes: ['./.myriad/compose/auth:/var/lib/myriad'] };
  return { tmpfs: ['/tmp', `/var/lib/myriad:${scratch}`] };
}

/** A pool of `realtime` answers under the name that the deployer looks for it under. */
const networksOf = ({ name, environment: { POOL: pool } }) =>
  pool === undefined ? {} : { networks: { default: { aliases: [`${name}-${pool}`] } } };

const publishedOf = (service) => [
  `${PORTS[service.name]}:${PORT}`,
  ...(GRPC_PORTS[service.name] ? [`${GRPC_PORTS[service.name]}:${GRPC_PORT}`] : []),
];

function serviceOf(service) {
  const check = `fetch('http://127.0.0.1:${probePort(service)}/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))`;
  return {
    image: `myriad/${service.name}:${IMAGE_VERSION}`,
    build: {
      context: '.',
      dockerfile: 'Dockerfile',
      target: service.target ?? 'service',
      args: { SERVICE: service.name },
    },
    ...hardened,
    user: `${OWNER.uid}:${OWNER.gid}`,
    init: true,
    stop_grace_period: '50s',
    environment: composeVariables(service),
    secrets: secretsOf(service),
    ...stateOf(service),
    ...networksOf(service),
    depends_on: healthy(
      ...(service.events === false ? [] : ['kafka']),
      ...(service.objects ? ['s3'] : []),
      ...(service.database ? ['postgres'] : []),
    ),
    healthcheck: { ...health(''), test: ['CMD', 'node', '-e', check], start_period: '10s' },
    ...(PORTS[service.name] && { ports: publishedOf(service) }),
    deploy: { replicas: replicasOf(service), ...limits(service.memory, Math.max(0.5, service.cpu / 500)) },
  };
}

const engineServices = {
  postgres: {
    image: engines.postgres,
    ...hardened,
    user: '999:999',
    tmpfs: ['/tmp', '/run/postgresql:uid=999,gid=999'],
    shm_size: '128m',
    stop_grace_period: '60s',
    environment: {
      POSTGRES_PASSWORD: '${MYRIAD_DB_PASSWORD:?run node tools/manifests/secrets.mjs}',
      MYRIAD_DB_PASSWORD: '${MYRIAD_DB_PASSWORD:?run node tools/manifests/secrets.mjs}',
    },
    volumes: [
      'postgres-data:/var/lib/postgresql',
      './tools/manifests/engines/postgres-init.sh:/docker-entrypoint-initdb.d/10-myriad.sh:ro',
    ],
    healthcheck: health('pg_isready -U postgres'),
    deploy: limits(1024, 2),
  },
  kafka: {
    image: engines.kafka,
    // the image writes its configuration beside the program at each start, so its root stays writable
    ...hardened,
    read_only: false,
    user: '1000:1000',
    stop_grace_period: '60s',
    environment: {
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    },
    volumes: ['kafka-data:/var/lib/kafka/data'],
    healthcheck: health('/opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:9092 >/dev/null', {
      start_period: '20s',
    }),
    deploy: limits(1024, 2),
  },
  s3: {
    image: engines.s3,
    ...hardened,
    user: `${OWNER.uid}:${OWNER.gid}`,
    command: ['--port', ':7070', '--health', '/healthz', 'posix', '/data'],
    environment: {
      ROOT_ACCESS_KEY: '${MYRIAD_S3_ACCESS_KEY_ID:?run node tools/manifests/secrets.mjs}',
      ROOT_SECRET_KEY: '${MYRIAD_S3_SECRET_ACCESS_KEY:?run node tools/manifests/secrets.mjs}',
    },
    volumes: ['./.myriad/compose/s3:/data'],
    healthcheck: answers('http://127.0.0.1:7070/healthz'),
    deploy: limits(512, 1),
  },
  'otel-collector': {
    image: `myriad/otel-collector:${IMAGE_VERSION}`,
    build: {
      context: 'tools/manifests/engines',
      dockerfile: 'otel-collector.Dockerfile',
      args: { COLLECTOR: engines.otelCollector, BUSYBOX: engines.busybox },
    },
    ...hardened,
    user: '10001:10001',
    command: ['--config=/etc/otelcol/config.yaml'],
    volumes: ['./tools/manifests/engines/otel-collector.yaml:/etc/otelcol/config.yaml:ro'],
    depends_on: healthy('jaeger'),
    healthcheck: {
      ...health(''),
      test: ['CMD', '/busybox', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:13133/'],
    },
    deploy: limits(256, 0.5),
  },
  prometheus: {
    image: engines.prometheus,
    ...hardened,
    user: '65534:65534',
    volumes: [
      './tools/manifests/engines/prometheus.yaml:/etc/prometheus/prometheus.yml:ro',
      './tools/manifests/engines/prometheus-rules.yaml:/etc/prometheus/rules.yml:ro',
      'prometheus-data:/prometheus',
    ],
    ports: ['127.0.0.1:9090:9090'],
    healthcheck: answers('http://127.0.0.1:9090/-/ready'),
    deploy: limits(512, 0.5),
  },
  grafana: {
    image: engines.grafana,
    ...hardened,
    user: '472:0',
    tmpfs: ['/tmp'],
    environment: {
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_SECURITY_ADMIN_PASSWORD: '${MYRIAD_GRAFANA_PASSWORD:?run node tools/manifests/secrets.mjs}',
    },
    volumes: [
      'grafana-data:/var/lib/grafana',
      './tools/manifests/engines/grafana/provisioning:/etc/grafana/provisioning:ro',
      './tools/manifests/engines/grafana/dashboards:/var/lib/grafana/dashboards:ro',
    ],
    ports: ['127.0.0.1:3000:3000'],
    depends_on: healthy('prometheus'),
    healthcheck: answers('http://127.0.0.1:3000/api/health'),
    deploy: limits(256, 0.5),
  },
  jaeger: {
    image: engines.jaeger,
    ...hardened,
    user: '10001:10001',
    ports: ['127.0.0.1:16686:16686'],
    healthcheck: answers('http://127.0.0.1:13133/status'),
    deploy: limits(512, 0.5),
  },
};

/** The compose file as an object; `${NAME}` is filled in by Compose from `.env`. */
export function composeFile() {
  return {
    services: {
      ...engineServices,
      ...Object.fromEntries(services.map((service) => [service.name, serviceOf(service)])),
    },
    secrets: Object.fromEntries(
      [...new Set(services.flatMap(secretsOf).map(({ source }) => source))].map((name) => [
        name,
        { file: `./${SECRETS_ON_HOST}/${name}` },
      ]),
    ),
    volumes: { 'postgres-data': {}, 'kafka-data': {}, 'prometheus-data': {}, 'grafana-data': {} },
  };
}

/**
 * Laid over the other file (`docker compose -f docker-compose.yml -f docker-compose.tls.yml`): the services speak mutual TLS. A service's `tls.crt`, with the name of the service, `tls.key` and `ca.crt`
 * stand in `.myriad/compose/tls/<service>`.
 */
export function composeTlsFile() {
  const overOf = (service) => ({
    environment: mutualTls(service),
    volumes: [`./${SECRETS_ON_HOST}/tls/${service.name}:${CERTIFICATE_FOLDER}:ro`],
  });
  return { services: Object.fromEntries(services.map((service) => [service.name, overOf(service)])) };
}
