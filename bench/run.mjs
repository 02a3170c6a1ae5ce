// npm run bench -- <name> [--json FILE] : runs bench/<name>.mjs, prints its figures, and writes them to FILE as
// {name, machine, figures: [{name, value, unit, reference, ratio, bar, ok}]}. Exits 1 when a figure misses its bar.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Figures } from './lib/figures.mjs';
import { machineFacts } from './lib/machine.mjs';

const folder = import.meta.dirname;

function benchmarks() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.mjs') && name !== 'run.mjs')
    .map((name) => name.slice(0, -'.mjs'.length));
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
  const [name = ''] = positionals;
  if (!existsSync(join(folder, `${name}.mjs`)) || name === 'run') {
    console.error(`usage: npm run bench -- <name> [--json FILE]; there are ${benchmarks().join(', ')}`);
    return 2;
  }
  const machine = machineFacts();
  console.log(`${name} on ${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}\n`);
  const figures = new Figures((line) => console.log(line));
  const { run } = await import(`./${name}.mjs`);
  await run(figures);
  console.log(`\n${figures.table()}`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ name, machine, figures: figures.all }, null, 2)}\n`);
  return figures.all.every(({ ok }) => ok !== false) ? 0 : 1;
}

process.exitCode = await main();
