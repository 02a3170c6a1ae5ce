// npm run audit : asks the npm registry for advisories on what is shipped. Fails on each that audit-exceptions.json does not explain.
// A registry that serves no advisories is named, and nothing is claimed: exit code 0, with `skipped` as the last word.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { faultsOfExceptions, readExceptions } from './exceptions.mjs';
import { root } from './packages.mjs';

/** What a report says beyond the exceptions. */
export function unexplained(report, exceptions) {
  const known = new Set(exceptions.map(({ advisory }) => advisory));
  const found = Object.values(report.vulnerabilities ?? {}).flatMap(({ via }) =>
    via.filter((one) => typeof one === 'object'),
  );
  return found
    .map(({ url = '', name, title, severity }) => ({ advisory: url.split('/').at(-1), name, title, severity }))
    .filter(({ advisory }) => !known.has(advisory));
}

function main() {
  const exceptions = readExceptions();
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: root, encoding: 'utf8' });
  const report = JSON.parse(stdout === '' ? '{"message":"npm said nothing"}' : stdout);
  if (report.vulnerabilities === undefined) {
    console.log(`npm audit: the registry serves no advisories (${report.message ?? 'no reason given'}): skipped`);
    return 0;
  }
  const faults = [
    ...faultsOfExceptions(exceptions),
    ...unexplained(report, exceptions).map((one) => `${one.name}: ${one.severity}: ${one.title} (${one.advisory})`),
  ];
  for (const fault of faults) console.log(fault);
  console.log(`npm audit: ${faults.length} advisories that audit-exceptions.json does not explain`);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
