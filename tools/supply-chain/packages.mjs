// What the platform is made of, as the lock files say: npm packages and Python packages, each with its licence.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
const read = (path) => readFileSync(join(root, path), 'utf8');

/** @returns the packages of package-lock.json, those of this repository aside, in order of their place. */
export function npmPackages(lock = JSON.parse(read('package-lock.json'))) {
  return Object.entries(lock.packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, entry]) => ({
      ecosystem: 'npm',
      path,
      name: entry.name ?? path.replace(/^.*node_modules\//, ''),
      version: entry.version,
      licence: typeof entry.license === 'string' ? entry.license : undefined,
      integrity: entry.integrity,
      isDev: entry.dev === true || entry.devOptional === true,
      isOptional: entry.optional === true,
      hasInstallScript: entry.hasInstallScript === true,
      requires: { ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies },
    }));
}

/** The packages of this repository, by their folder. */
export function workspaces(lock = JSON.parse(read('package-lock.json'))) {
  return Object.entries(lock.packages)
    .filter(([path]) => !path.includes('node_modules/'))
    .map(([path, entry]) => ({ path, name: entry.name, version: entry.version, requires: entry.dependencies ?? {} }));
}

/** @returns the packages of requirements.lock; one may be there in several versions, for several Pythons. */
export function pythonPackages(text = read('sdk/python/requirements.lock'), licences = pythonLicences()) {
  const found = [];
  for (const line of text.split('\n')) {
    const [, name, version] = /^([A-Za-z0-9][\w.-]*)==(\S+)/.exec(line) ?? [];
    if (name)
      found.push({
        ecosystem: 'pypi',
        name: normalized(name),
        version,
        licence: licences[normalized(name)],
        hashes: [],
      });
    const hash = /--hash=sha256:([0-9a-f]{64})/.exec(line)?.[1];
    if (hash) found.at(-1).hashes.push(hash);
  }
  return found;
}

const normalized = (name) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** A lock file of Python names no licences: this list does, as the packages' own metadata says. */
export function pythonLicences() {
  return JSON.parse(read('tools/supply-chain/python-licences.json'));
}

/** What the installed Python packages say themselves, where they say it in SPDX; empty without a .venv. */
export function installedPythonLicences() {
  const library = join(root, '.venv/lib');
  if (!existsSync(library)) return {};
  const folders = readdirSync(library).map((python) => join(library, python, 'site-packages'));
  const said = {};
  for (const folder of folders.filter((path) => existsSync(path)))
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.dist-info'))) {
      const metadata = join(folder, name, 'METADATA');
      if (!existsSync(metadata)) continue;
      const text = readFileSync(metadata, 'utf8');
      const expression = /^License-Expression: (.+)$/m.exec(text)?.[1]?.trim();
      if (expression) said[normalized(/^Name: (.+)$/m.exec(text)?.[1]?.trim() ?? name)] = expression;
    }
  return said;
}
