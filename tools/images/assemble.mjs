#!/usr/bin/env node
/**
 * Puts the files of a service's image into a folder, one sub-folder a layer, from a checkout that `tools/build.mjs` compiled. The Dockerfile and `build.mjs` both call it: there is one recipe.
 *
 *   node tools/images/assemble.mjs SERVICE FOLDER
 *
 * `packages/app` npm packages that this service needs, `shared/app` contracts and libs, `service/app` the service itself. The one that changes least comes first.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
export const LAYERS = ['packages', 'shared', 'service'];
const SCOPE = '@myriad';
/** What no process reads at run time. */
const UNUSED = /\.([cm]?ts|map|tsbuildinfo)$|\.(test|spec)\.[cm]?js$|\.(md|markdown)$/i;
/** Folders that packages keep their tests in, beside their package.json. */
const TESTS = /^(tests?|__tests__)$/;
const LICENCE = /^(licen[cs]e|notice|copying)/i;

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function workspaceFolders() {
  const parents = ['libs', 'services', 'apps'].flatMap((parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [],
  );
  return ['contracts', ...parents].filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** `npm ci` of what one workspace needs, checked against the lock file's digests; no install scripts run. */
function install(service, folder) {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(root, file), join(folder, file));
  for (const workspace of workspaceFolders()) {
    mkdirSync(join(folder, workspace), { recursive: true });
    cpSync(join(root, workspace, 'package.json'), join(folder, workspace, 'package.json'));
  }
  const args = ['ci', '--workspace', `services/${service}`, '--omit=dev', '--ignore-scripts', '--prefer-offline'];
  const { status, error, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, npm_config_workspaces: '', npm_config_workspace: '' },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`npm ci of services/${service} ended with ${status}:\n${stderr.slice(-2000)}`);
}

/** Packages under a `node_modules`, those nested in packages too, as folders relative to it. */
export function* packagesIn(modules, prefix = '') {
  for (const entry of readdirSync(join(modules, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    if (entry.name.startsWith('@') && basename(prefix) !== entry.name) yield* packagesIn(modules, path);
    else if (existsSync(join(modules, path, 'package.json'))) {
      yield path;
      if (existsSync(join(modules, path, 'node_modules'))) yield* packagesIn(modules, join(path, 'node_modules'));
    }
  }
}

function licences(modules) {
  return [...packagesIn(modules)]
    .map((path) => readJson(join(modules, path, 'package.json')))
    .map(({ name, version, license }) => ({ name, version, license: license?.type ?? license ?? 'unknown' }))
    .sort((a, b) => `${a.name}@${a.version}`.localeCompare(`${b.name}@${b.version}`, 'en'));
}

/** Binaries of other systems: ONNX Runtime brings all of them. */
function pruneBinaries(modules) {
  const folder = join(modules, 'onnxruntime-node/bin');
  for (const api of existsSync(folder) ? readdirSync(folder) : [])
    for (const system of readdirSync(join(folder, api)))
      for (const machine of readdirSync(join(folder, api, system)))
        if (system !== 'linux' || machine !== arch()) rmSync(join(folder, api, system, machine), { recursive: true });
}

const isTests = (path) => TESTS.test(basename(path)) && existsSync(join(dirname(path), 'package.json'));
const isUsed = (path) => (!UNUSED.test(path) || LICENCE.test(basename(path))) && !isTests(path);
const isRun = (path) =>
  !['.bin', '.package-lock.json', SCOPE].includes(basename(path)) || !path.includes('node_modules');

function copyWorkspace(folder, target) {
  mkdirSync(join(target, folder), { recursive: true });
  cpSync(join(root, folder, 'package.json'), join(target, folder, 'package.json'));
  if (!existsSync(join(root, folder, 'dist'))) throw new Error(`${folder} is not compiled; run node tools/build.mjs`);
  // source maps of our own code name lines in stacks
  cpSync(join(root, folder, 'dist'), join(target, folder, 'dist'), {
    recursive: true,
    filter: (path) => basename(path) !== '.build.json',
  });
}

/** Fills `target` and answers with the service's workspaces, e.g. `libs/kernel`. @throws {Error} when npm fails, or the checkout is not compiled */
export function assemble(service, target) {
  if (!existsSync(join(root, 'services', service, 'package.json'))) throw new Error(`there is no service ${service}`);
  const [packages, shared, own] = LAYERS.map((layer) => join(target, layer, 'app'));
  const scratch = mkdtempSync(join(tmpdir(), 'myriad-image-'));
  try {
    install(service, scratch);
    const modules = join(scratch, 'node_modules');
    const workspaces = readdirSync(join(modules, SCOPE)).map((name) => {
      const link = readlinkSync(join(modules, SCOPE, name));
      return { name, link, folder: link.replaceAll('../', '') };
    });
    pruneBinaries(modules);
    cpSync(modules, join(packages, 'node_modules'), { recursive: true, filter: (path) => isUsed(path) && isRun(path) });
    writeFileSync(
      join(packages, 'THIRD-PARTY.json'),
      `${JSON.stringify(licences(join(packages, 'node_modules')), null, 1)}\n`,
    );
    mkdirSync(join(shared, 'node_modules', SCOPE), { recursive: true });
    cpSync(join(root, 'package.json'), join(shared, 'package.json'));
    for (const { name, link, folder } of workspaces) {
      if (folder === `services/${service}`) {
        copyWorkspace(folder, own);
        continue;
      }
      copyWorkspace(folder, shared);
      symlinkSync(link, join(shared, 'node_modules', SCOPE, name));
    }
    // the gateway shows the contracts
    if (service === 'gateway')
      cpSync(join(root, 'contracts/printed'), join(own, 'contracts/printed'), { recursive: true });
    return workspaces.map(({ folder }) => folder).sort();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const [service, target] = process.argv.slice(2);
  if (!service || !target) {
    console.error('usage: node tools/images/assemble.mjs SERVICE FOLDER');
    process.exitCode = 2;
  } else {
    mkdirSync(dirname(target), { recursive: true });
    console.log(`${service}: ${assemble(service, target).join(' ')}`);
  }
}
