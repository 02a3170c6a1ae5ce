// node tools/supply-chain/print.mjs : writes build/sbom.cdx.json (CycloneDX 1.6) and build/licences.txt from the lock files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPackages, pythonPackages, root, workspaces } from './packages.mjs';
import { sbomOf } from './sbom.mjs';

const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [npm, python] = [npmPackages(), pythonPackages()];
const folder = join(root, 'build');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'sbom.cdx.json'),
  `${JSON.stringify(sbomOf({ name, version, npm, python, own: workspaces() }), null, 2)}\n`,
);
const lines = [...npm, ...python].map((one) => `${one.licence ?? '?'}\t${one.ecosystem}\t${one.name}\t${one.version}`);
writeFileSync(join(folder, 'licences.txt'), `${[...new Set(lines)].sort().join('\n')}\n`);
console.log(`build/sbom.cdx.json and build/licences.txt: ${npm.length} npm packages, ${python.length} of Python`);
