import { runMain } from '@myriad/config';
import { type Report, check } from './check.js';
import { USAGE, invariantsConfig } from './config.js';
import { targetOfState } from './mesh-target.js';
import { OpenWorld } from './open-world.js';
import { quiesce } from './quiesce.js';
import { RULES } from './rules.js';

function told({ rules, findings }: Report): string {
  const lines = rules.map((name) => {
    const breaches = findings.filter(({ rule }) => rule === name).map(({ breach }) => `\n      ${breach}`);
    return `${breaches.length === 0 ? 'holds ' : 'BROKEN'}  ${name}${breaches.join('')}`;
  });
  return `${lines.join('\n')}\n${rules.length} invariants, ${new Set(findings.map(({ rule }) => rule)).size} broken\n`;
}

async function main(): Promise<void> {
  const config = invariantsConfig(process.argv.slice(2));
  if (config.isHelp) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const rules = RULES.filter(({ name }) => config.only.length === 0 || config.only.includes(name));
  const world = await OpenWorld.open(targetOfState(config.stateFolder));
  try {
    const moving = await quiesce(world, RULES, { timeoutMs: config.waitMs });
    if (moving.length > 0) process.stderr.write('the mesh did not come to rest; what is on its way counts as broken\n');
    const report = await check(world, rules);
    process.stdout.write(config.isJson ? `${JSON.stringify(report, null, 2)}\n` : told(report));
    process.exitCode = report.findings.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
}

await runMain(main);
