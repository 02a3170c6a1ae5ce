// Prints JSON Schemas, asyncapi.yaml, the OpenAPI pages and the lock of released events from the contracts.
//   node tools/contracts/print.mjs                       writes contracts/printed
//   node tools/contracts/print.mjs --check [--base REF]  fails on drift, on an edited released event, on a breaking HTTP change since REF (HEAD)
//   node tools/contracts/print.mjs --amend TYPE…         takes an event version for what it is now; only while nobody has it
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { build } from '../build.mjs';
import { breakingChanges } from './breaking.mjs';
import { LOCK_FILE, render } from './render.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = join(root, 'contracts/printed');
const ACCEPTED_FILE = 'accepted-breaks.json';
const DIFF_LINES = 12;

async function loadContracts() {
  await build(['libs/kernel', 'contracts']);
  return import(pathToFileURL(join(root, 'contracts/dist/index.js')).href);
}

/** Every printed file as it is now. */
function readPrinted() {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

const jsonIn = (files, name, otherwise) => (files.has(name) ? JSON.parse(files.get(name)) : otherwise);

/** The examples of released versions, which stay as they were recorded. */
function recordedOf(printed, locked) {
  return new Map(Object.keys(locked).map((type) => [`examples/${type}.json`, printed.get(`examples/${type}.json`)]));
}

function drift(expected, printed) {
  const faults = [];
  for (const [path, text] of expected) {
    const found = printed.get(path);
    if (found === undefined) faults.push(`${path} is missing`);
    else if (found !== text) faults.push(`${path} differs:\n${firstDifference(found, text)}`);
  }
  for (const path of printed.keys()) {
    if (!expected.has(path) && path !== ACCEPTED_FILE) faults.push(`${path} is printed from nothing`);
  }
  return faults.map((fault) => `drift: ${fault}`);
}

function firstDifference(found, expected) {
  const [olds, news] = [found.split('\n'), expected.split('\n')];
  const from = news.findIndex((line, index) => line !== olds[index]);
  const start = from < 0 ? news.length : from;
  const show = (sign, lines) => lines.slice(start, start + DIFF_LINES / 2).map((line) => `    ${sign} ${line}`);
  return [`    line ${start + 1}`, ...show('-', olds), ...show('+', news)].join('\n');
}

/** The file as it is at a commit; undefined without git or without the file. */
function atCommit(ref, path) {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 };
    return execFileSync('git', ['show', `${ref}:contracts/printed/${path}`], options);
  } catch {
    return undefined;
  }
}

/** @throws when someone named a base that is not there: a gate that compares with nothing would pass everything */
function requireCommit(ref) {
  execFileSync('git', ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], { cwd: root, stdio: 'ignore' });
}

function pagesAt(ref) {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    const names = execFileSync('git', ['ls-tree', '--name-only', `${ref}:contracts/printed`], options).split('\n');
    return names.filter((name) => name.endsWith('.openapi.yaml'));
  } catch {
    return [];
  }
}

/** Breaking changes since `ref`, but for those that `accepted-breaks.json` names with a reason. */
function breaks(expected, ref, accepted) {
  const known = new Set(accepted.map((entry) => entry.break));
  return pagesAt(ref)
    .flatMap((path) => {
      const before = parse(atCommit(ref, path) ?? '{}');
      const service = path.replace('.openapi.yaml', '');
      if (!expected.has(path)) return [`${service}: the page is gone`];
      return breakingChanges(before, parse(expected.get(path))).map((fault) => `${service}: ${fault}`);
    })
    .filter((fault) => !known.has(fault))
    .map((fault) => `breaking: ${fault}`);
}

function write(files, printed) {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (printed.get(path) !== text) writeFileSync(join(folder, path), text);
  }
  for (const path of printed.keys()) if (!files.has(path) && path !== ACCEPTED_FILE) rmSync(join(folder, path));
}

async function main(args) {
  const isCheck = args.includes('--check');
  const base = args.includes('--base') ? args[args.indexOf('--base') + 1] : 'HEAD';
  if (args.includes('--base')) requireCommit(base);
  const amended = args.includes('--amend') ? args.slice(args.indexOf('--amend') + 1) : [];
  const printed = readPrinted();
  const locked = jsonIn(printed, LOCK_FILE, {});
  const { files, faults } = render(await loadContracts(), { locked, recorded: recordedOf(printed, locked), amended });
  const all = isCheck
    ? [...faults, ...drift(files, printed), ...breaks(files, base, jsonIn(printed, ACCEPTED_FILE, []))]
    : faults;
  if (all.length > 0)
    throw new Error(`${all.join('\n')}\n${all.length} fault(s) in contracts; print with: npm run contracts:print`);
  if (!isCheck) write(files, printed);
  console.log(`contracts: ${files.size} files ${isCheck ? 'are as printed' : 'printed'}`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
