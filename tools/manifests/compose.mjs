import { IMAGE_VERSION, PORT, commonEnvironment, engines, services } from './mesh.mjs';

const health = (command, more = {}) => ({
  test: ['CMD-SHELL', command],
  interval: '5s',
  timeout: '3s',
  retries: 20,
  ...more,
});
const limits = (memoryMib, cpus) => ({ resources: { limits: { memory: `${memoryMib}M`, cpus: String(cpus) } } });
const hardened = {
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  restart: 'unless-stopped',
};
const secret = (name) => ({ source: name, target: `/run/myriad/${name}`, mode: 0o444 });

function serviceOf(service) {
  const environment = {
    ...commonEnvironment,
    ...service.environment,
    S3_ACCESS_KEY_ID: '${MYRIAD_S3_ACCESS_KEY_ID:?set it in .env}',
    S3_SECRET_ACCESS_KEY: '${MYRIAD_S3_SECRET_ACCESS_KEY:?set it in .env}',
  };
  if (service.database) {
    environment.DATABASE_URL = `postgres://${service.name}_app:\${MYRIAD_DB_PASSWORD:?set it in .env}@postgres:5432/${service.name}`;
    environment.DATABASE_MIGRATION_URL = `postgres://${service.name}_owner:\${MYRIAD_DB_PASSWORD:?set it in .env}@postgres:5432/${service.name}`;
  }
  const needs = { kafka: { condition: 'service_healthy' }, s3: { condition: 'service_healthy' } };
  if (service.database) needs.postgres = { condition: 'service_healthy' };
  return {
    image: `myriad/${service.name}:${IMAGE_VERSION}`,
    build: {
      context: '.',
      dockerfile: 'Dockerfile',
      target: service.target ?? 'service',
      args: { SERVICE: service.name },
    },
    ...hardened,
    user: '1000:1000',
    environment,
    secrets: ['internal-jwks.json', ...service.secretFiles].map(secret),
    tmpfs: ['/tmp', '/var/lib/myriad:uid=1000,gid=1000'],
    depends_on: needs,
    healthcheck: health(
      `node -e "fetch('http://127.0.0.1:${PORT}/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"`,
      { start_period: '10s' },
    ),
    ...(service.public ? { ports: [`\${MYRIAD_GATEWAY_PORT:-8080}:${PORT}`] } : {}),
    deploy: limits(service.memory, Math.max(0.5, service.cpu / 500)),
  };
}

const engineServices = {
  postgres: {
    image: engines.postgres,
    restart: 'unless-stopped',
    environment: {
      POSTGRES_PASSWORD: '${MYRIAD_DB_PASSWORD:?set it in .env}',
      MYRIAD_DB_PASSWORD: '${MYRIAD_DB_PASSWORD:?set it in .env}',
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
    restart: 'unless-stopped',
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
    command: ['--port', ':7070', '--health', '/healthz', 'posix', '/data'],
    environment: {
      ROOT_ACCESS_KEY: '${MYRIAD_S3_ACCESS_KEY_ID:?set it in .env}',
      ROOT_SECRET_KEY: '${MYRIAD_S3_SECRET_ACCESS_KEY:?set it in .env}',
    },
    volumes: ['s3-data:/data'],
    healthcheck: health('wget -q -O /dev/null http://127.0.0.1:7070/healthz'),
    deploy: limits(512, 1),
  },
  'otel-collector': {
    image: engines.otelCollector,
    ...hardened,
    command: ['--config=/etc/otelcol/config.yaml'],
    volumes: ['./tools/manifests/engines/otel-collector.yaml:/etc/otelcol/config.yaml:ro'],
    depends_on: ['jaeger'],
    deploy: limits(256, 0.5),
  },
  prometheus: {
    image: engines.prometheus,
    ...hardened,
    volumes: [
      './tools/manifests/engines/prometheus.yaml:/etc/prometheus/prometheus.yml:ro',
      'prometheus-data:/prometheus',
    ],
    ports: ['127.0.0.1:9090:9090'],
    deploy: limits(512, 0.5),
  },
  grafana: {
    image: engines.grafana,
    restart: 'unless-stopped',
    environment: {
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_SECURITY_ADMIN_PASSWORD: '${MYRIAD_GRAFANA_PASSWORD:?set it in .env}',
    },
    volumes: [
      './tools/manifests/engines/grafana/provisioning:/etc/grafana/provisioning:ro',
      './tools/manifests/engines/grafana/dashboards:/var/lib/grafana/dashboards:ro',
    ],
    ports: ['127.0.0.1:3000:3000'],
    depends_on: ['prometheus'],
    deploy: limits(256, 0.5),
  },
  jaeger: { image: engines.jaeger, ...hardened, ports: ['127.0.0.1:16686:16686'], deploy: limits(512, 0.5) },
};

/** The compose file as an object; `${NAME}` is filled in by Compose from `.env`. */
export function composeFile() {
  return {
    services: {
      ...engineServices,
      ...Object.fromEntries(services.map((service) => [service.name, serviceOf(service)])),
    },
    secrets: Object.fromEntries(
      ['internal-jwks.json', ...new Set(services.flatMap((service) => service.secretFiles))].map((name) => [
        name,
        { file: `./.myriad/compose/${name}` },
      ]),
    ),
    volumes: { 'postgres-data': {}, 'kafka-data': {}, 's3-data': {}, 'prometheus-data': {} },
  };
}
