import { stringify } from 'yaml';
import { composeFile, composeTlsFile } from './compose.mjs';
import { dashboardFiles } from './dashboards.mjs';
import { kubernetesFiles } from './kubernetes.mjs';

const text = (body) =>
  `# printed by tools/manifests/print.mjs from tools/manifests/mesh.mjs\n${stringify(body, { lineWidth: 0, aliasDuplicateObjects: false })}`;

/** Path from the repository's root → text, of every printed manifest. */
export function printedFiles() {
  return new Map([
    ['docker-compose.yml', text(composeFile())],
    ['docker-compose.tls.yml', text(composeTlsFile())],
    ...Object.entries(dashboardFiles()).map(([name, body]) => [
      `tools/manifests/engines/grafana/dashboards/${name}`,
      `${JSON.stringify(body, null, 2)}\n`,
    ]),
    ...Object.entries(kubernetesFiles()).map(([path, body]) => [`k8s/${path}`, text(body)]),
  ]);
}
