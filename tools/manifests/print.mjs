/** Prints docker-compose.yml, k8s/ and the Grafana dashboards from their sources in this folder. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { printedFiles } from './printed-files.mjs';

rmSync('k8s/base', { recursive: true, force: true });
rmSync('k8s/overlays', { recursive: true, force: true });
for (const [path, text] of printedFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
