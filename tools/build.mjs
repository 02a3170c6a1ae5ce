// Compiles every package (or those named as arguments) from TypeScript to `dist` with source maps, in one process.
// A stamp in each `dist` holds the digest of every source, so only what changed is compiled; outputs without a source are removed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const STAMP = '.build.json';
const NOT_SOURCE = new Set(['dist', 'node_modules', 'test', 'printed']);

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Every package this tool compiles, as folders relative to the root. A package with a Vite configuration builds itself. */
export function packageFolders() {
  const inParents = ['libs', 'services', 'apps'].flatMap((parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [],
  );
  return ['contracts', ...inParents].filter((folder) => {
    const files = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
    return files.includes('package.json') && !files.some((name) => name.startsWith('vite.config.'));
  });
}

function filesUnder(folder, skip = () => false) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((path) => !skip(path));
}

/** The sources of a package and the folder they are relative to; `contracts` keeps its sources at its root. */
function sourcesOf(folder) {
  const base = folder === 'contracts' ? join(root, folder) : join(root, folder, 'src');
  const skip =
    folder === 'contracts'
      ? (path) => !path.endsWith('.ts') || NOT_SOURCE.has(path.split(sep)[0])
      : (path) => path.endsWith('.d.ts');
  return { base, paths: filesUnder(base, skip).sort() };
}

const outputsOf = (path) => {
  if (!path.endsWith('.ts')) return [path];
  const output = `${path.slice(0, -3)}.js`;
  return [output, `${output}.map`];
};

function readStamp(dist, settings) {
  try {
    const stamp = JSON.parse(readFileSync(join(dist, STAMP), 'utf8'));
    return stamp.settings === settings ? stamp.files : {};
  } catch {
    return {};
  }
}

/** Several builds may run at once, and a service may start meanwhile: a file is either the old one or the new one. */
function writeAtomically(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

function removeStale(dist, expected) {
  for (const path of filesUnder(dist)) {
    if (path !== STAMP && !expected.has(path) && !path.endsWith('.tmp')) rmSync(join(dist, path), { force: true });
  }
}

async function compile(swc, options, base, dist, path) {
  const source = readFileSync(join(base, path), 'utf8');
  const output = join(dist, outputsOf(path)[0]);
  const { code, map } = await swc.transform(source, {
    ...options,
    swcrc: false,
    configFile: false,
    filename: join(base, path),
    sourceFileName: relative(dirname(output), join(base, path)).split(sep).join('/'),
  });
  writeAtomically(`${output}.map`, map ?? '');
  writeAtomically(output, `${code}//# sourceMappingURL=${output.split(sep).at(-1)}.map\n`);
}

/** Compiles what changed in one package; answers how many files were written. @throws with every file's fault. */
async function buildPackage(folder, { options, settings, swc }) {
  const dist = join(root, folder, 'dist');
  const { base, paths } = sourcesOf(folder);
  const before = readStamp(dist, settings);
  const digests = Object.fromEntries(paths.map((path) => [path, sha256(readFileSync(join(base, path)))]));
  const present = new Set(filesUnder(dist));
  const changed = paths.filter(
    (path) => before[path] !== digests[path] || outputsOf(path).some((output) => !present.has(output)),
  );
  const expected = new Set(paths.flatMap(outputsOf));
  removeStale(dist, expected);
  const faults = [];
  await Promise.all(
    changed.map(async (path) => {
      try {
        if (path.endsWith('.ts')) await compile(await swc(), options, base, dist, path);
        else writeAtomically(join(dist, path), readFileSync(join(base, path)));
      } catch (error) {
        delete digests[path];
        faults.push(`${folder}: ${relative(root, join(base, path))}\n${error.message ?? error}`);
      }
    }),
  );
  if (changed.length > 0 || Object.keys(before).length !== paths.length) {
    writeAtomically(join(dist, STAMP), JSON.stringify({ settings, files: digests }));
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return changed.length;
}

/** Builds the packages; answers how many files were compiled. @throws when a source does not compile. */
export async function build(folders = packageFolders()) {
  const { $schema: _, ...options } = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  const swcVersion = readFileSync(join(root, 'node_modules/@swc/core/package.json'));
  const settings = sha256(JSON.stringify(options), swcVersion, readFileSync(fileURLToPath(import.meta.url)));
  let loading;
  const swc = () => (loading ??= import('@swc/core').then((module) => module.default ?? module));
  const results = await Promise.allSettled(folders.map((folder) => buildPackage(folder, { options, settings, swc })));
  const faults = results.filter((result) => result.status === 'rejected').map((result) => result.reason.message);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return results.reduce((sum, result) => sum + result.value, 0);
}

async function main(args) {
  const known = packageFolders();
  const folders = args.map((arg) => relative(root, resolve(root, arg)).split(sep).join('/'));
  const unknown = folders.filter((folder) => !known.includes(folder));
  if (unknown.length > 0) throw new Error(`no such package: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const from = performance.now();
  const chosen = folders.length > 0 ? folders : known;
  const files = await build(chosen);
  const seconds = ((performance.now() - from) / 1000).toFixed(2);
  console.log(`built ${chosen.length} packages in ${seconds} s (${files} files compiled)`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
