// A CycloneDX 1.6 bill of materials from the lock files; the same locks give the same bytes.
// https://cyclonedx.org/docs/1.6/json/ and https://github.com/package-url/purl-spec
import { createHash } from 'node:crypto';

const encoded = (text) => encodeURIComponent(text);
const purlOf = ({ ecosystem, name, version }) =>
  `pkg:${ecosystem}/${name.split('/').map(encoded).join('/')}@${encoded(version)}`;

/** `sha512-<base64>` of npm, or the SHA-256 of every file that PyPI has of the version. */
function hashesOf({ integrity, hashes = [] }) {
  const [algorithm, base64] = integrity?.split(' ')[0].split(/-(.*)/s) ?? [];
  if (algorithm === 'sha512') return [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }];
  // a version of PyPI has a file for each system; a component has one hash, so only what has one file is named by it
  return hashes.length === 1 ? [{ alg: 'SHA-256', content: hashes[0] }] : [];
}

function licencesOf(licence) {
  if (licence === undefined) return [];
  return /\s/.test(licence) ? [{ expression: licence }] : [{ license: { id: licence } }];
}

function componentOf(one) {
  const [, group, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(one.name);
  return {
    type: 'library',
    'bom-ref': refOf(one),
    ...(group && { group }),
    name,
    version: one.version,
    scope: one.isDev ? 'excluded' : one.isOptional ? 'optional' : 'required',
    hashes: hashesOf(one),
    licenses: licencesOf(one.licence),
    purl: purlOf(one),
  };
}

const refOf = (one) => (one.path === undefined ? purlOf(one) : `${purlOf(one)}#${one.path}`);

/** Where Node finds `name` from the folder of a package: next to it, or in a folder above. */
function resolved(byPath, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const found = byPath.get(`${folder === '' ? '' : `${folder}/`}node_modules/${name}`);
    if (found || folder === '') return found;
  }
}

/** @returns the bill as an object. */
export function sbomOf({ name, version, npm, python, own }) {
  const byPath = new Map(npm.map((one) => [one.path, one]));
  const ownByName = new Map(own.map((one) => [one.name, one]));
  const ownRef = ({ path }) => `myriad:${path === '' ? '.' : path}`;
  const dependenciesOf = (path, requires) => [
    ...new Set(
      Object.keys(requires).flatMap((wanted) => {
        if (ownByName.has(wanted)) return [ownRef(ownByName.get(wanted))];
        const found = resolved(byPath, path, wanted);
        return found ? [refOf(found)] : [];
      }),
    ),
  ];
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': 'myriad:.', name, version, licenses: licencesOf('Apache-2.0') },
    },
    components: [
      ...own
        .filter(({ path }) => path !== '')
        .map((one) => ({ type: 'library', 'bom-ref': ownRef(one), name: one.name, version: one.version ?? version })),
      ...npm.map(componentOf),
      ...python.map(componentOf),
    ],
    dependencies: [
      ...own.map((one) => ({ ref: ownRef(one), dependsOn: dependenciesOf(one.path, one.requires) })),
      ...npm.map((one) => ({ ref: refOf(one), dependsOn: dependenciesOf(one.path, one.requires) })),
    ],
  };
  const hex = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { ...bill, serialNumber: `urn:uuid:${uuid}` };
}
