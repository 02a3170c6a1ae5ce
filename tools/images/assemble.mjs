#!/usr/bin/env node
/**
 * Puts the files of a service's image into a folder, one sub-folder a layer, from a checkout that `tools/build.mjs` compiled. The Dockerfile and `build.mjs` both call it: there is one recipe.
 *
 *   node tools/images/assemble.mjs SERVICE FOLDER
 *
 * `onnxruntime/app` and `duckdb/app` hold these large packages, `common/app` the packages that all services need, `packages/app` the others that this one needs, `shared/app` contracts and
 * libs, `service/app` the service itself. The one that changes least comes first. The packages are the checkout's own, which `npm ci` checked against the lock file's digests.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { packagesOf } from './packages.mjs';

const root = join(import.meta.dirname, '../..');
/** Packages of tens of MiB, each a layer that services share. */
const LARGE = { onnxruntime: /^node_modules\/onnxruntime-node$/, duckdb: /^node_modules\/@duckdb\/node-bindings-/ };
export const LAYERS = [...Object.keys(LARGE), 'common', 'packages', 'shared', 'service'];
/** What no process reads at run time. */
const UNUSED = /\.([cm]?ts|map|tsbuildinfo)$|\.(test|spec)\.[cm]?js$|\.(md|markdown)$/i;
/** Folders that packages keep their tests in, beside their package.json. */
const TESTS = /^(tests?|__tests__)$/;
const LICENCE = /^(licen[cs]e|notice|copying)/i;

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

const allServices = () =>
  readdirSync(join(root, 'services')).filter((name) => existsSync(join(root, 'services', name, 'package.json')));
const isPackage = (path) => path.startsWith('node_modules/');

/** Keys of the lock file that a service needs: npm packages and workspaces. */
const neededBy = (service, lock) =>
  packagesOf(lock, `services/${service}`, (path) => existsSync(join(root, path, 'package.json')));

function refuseStale(packages, lock) {
  const stale = packages.filter(
    (path) => readJson(join(root, path, 'package.json')).version !== lock.packages[path].version,
  );
  if (stale.length > 0) throw new Error(`${stale.join(', ')} are not as package-lock.json says; run npm ci`);
}

const licences = (packages) =>
  packages
    .map((path) => readJson(join(root, path, 'package.json')))
    .map(({ name, version, license }) => ({ name, version, license: license?.type ?? license ?? 'unknown' }))
    .sort((a, b) => `${a.name}@${a.version}`.localeCompare(`${b.name}@${b.version}`, 'en'));

/** Binaries of other systems: ONNX Runtime brings all of them. */
const isForeign = (path) => {
  const [, system, machine] = /onnxruntime-node\/bin\/[^/]+\/([^/]+)\/([^/]+)/.exec(path) ?? [];
  return system !== undefined && (system !== 'linux' || machine !== arch());
};
const isTests = (path) => TESTS.test(basename(path)) && existsSync(join(dirname(path), 'package.json'));
const isUsed = (path) => (!UNUSED.test(path) || LICENCE.test(basename(path))) && !isTests(path);

/** Copies what a process reads of a package; packages below it are named for themselves. */
function copyPackage(path, target) {
  const from = join(root, path);
  cpSync(from, join(target, path), {
    recursive: true,
    filter: (file) => isUsed(file) && !isForeign(file) && relative(from, file) !== 'node_modules',
  });
}

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

function fillShared(workspaces, packages, app) {
  cpSync(join(root, 'package.json'), join(app, 'package.json'));
  writeFileSync(join(app, 'THIRD-PARTY.json'), `${JSON.stringify(licences(packages), null, 1)}\n`);
  for (const folder of workspaces) {
    copyWorkspace(folder, app);
    const link = join(app, 'node_modules', readJson(join(root, folder, 'package.json')).name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join('../..', folder), link);
  }
}

function fillService(service, app) {
  copyWorkspace(`services/${service}`, app);
  // the gateway shows the contracts
  if (service === 'gateway')
    cpSync(join(root, 'contracts/printed'), join(app, 'contracts/printed'), { recursive: true });
}

/**
 * The layers of a service's image, the lowest first, and its workspaces, e.g. `libs/kernel`. `fill` puts a layer's files into an `app` folder; layers with the same `key` hold the same.
 * @throws {Error} when the checkout's packages are not those of the lock file
 */
export function layersOf(service) {
  const lock = readJson(join(root, 'package-lock.json'));
  const needed = neededBy(service, lock);
  const packages = needed.filter(isPackage);
  refuseStale(packages, lock);
  const others = allServices().map((each) => new Set(neededBy(each, lock)));
  const layerOf = (path) =>
    Object.keys(LARGE).find((layer) => LARGE[layer].test(path)) ??
    (others.every((set) => set.has(path)) ? 'common' : 'packages');
  const workspaces = needed.filter((path) => !isPackage(path));
  const fills = {
    shared: (app) =>
      fillShared(
        workspaces.filter((folder) => folder !== `services/${service}`),
        packages,
        app,
      ),
    service: (app) => fillService(service, app),
  };
  const layers = LAYERS.map((name) => {
    const own = packages.filter((path) => layerOf(path) === name);
    const fill = fills[name] ?? ((app) => own.forEach((path) => copyPackage(path, app)));
    return {
      name,
      key: own.join() || `${name} of ${service}`,
      isEmpty: fills[name] === undefined && own.length === 0,
      fill,
    };
  });
  return { layers, workspaces };
}

/** Fills `target` and answers with the service's workspaces. @throws {Error} when the checkout is not compiled or its packages are not installed */
function assemble(service, target) {
  const { layers, workspaces } = layersOf(service);
  for (const { name, fill } of layers) {
    const app = join(target, name, 'app');
    mkdirSync(app, { recursive: true });
    fill(app);
  }
  return workspaces;
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
