import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from './random.mjs';

const USES = ['churn', 'fraud', 'eta', 'demand', 'price', 'risk', 'upsell', 'score'];
const TEAMS = ['ops', 'sales', 'risk', 'lab'];
const FAMILIES = ['tabular', 'text', 'vision'];
const LINEAGE = '{"runId":null,"fleetRunId":null,"datasetDigests":[],"recipeDigest":null,"parameters":{}}';
const CHUNK = 1 << 20;

/** One tenant has a tenth of all models, the others share the rest. */
export const LARGE = 'tenant-00000';
export const COLUMNS = {
  model: 'tenant_id, name, model_id, application, latest_version, created_at, updated_at',
  model_version:
    'tenant_id, model_name, version, version_id, application, artifact_digest, size_bytes, run_id, status, attempt, report, lineage, registered_by, registered_at',
  model_tag: 'tenant_id, model_name, key, value',
  model_alias: 'tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason',
};

/** Writes what `COPY` reads: `models` models with two versions, two tags and, every second of them, an alias; answers names of the large tenant that have one. */
export function writeRows(folder, models) {
  const files = Object.fromEntries(
    Object.keys(COLUMNS).map((table) => [table, new RowFile(join(folder, `${table}.tsv`))]),
  );
  const random = seeded(11);
  const aliased = [];
  const tenants = Math.max(2, Math.floor(models / 100));
  const large = Math.floor(models / 10);
  for (let at = 0; at < models; at += 1) {
    const tenant = at < large ? LARGE : `tenant-${String(1 + (at % (tenants - 1))).padStart(5, '0')}`;
    const name = `${USES[at % USES.length]}-${Math.floor(random() * 2 ** 32).toString(36)}-${at}`;
    writeModel(files, { at, tenant, name, random });
    if (at % 2 === 0 && tenant === LARGE) aliased.push(name);
  }
  for (const file of Object.values(files)) file.close();
  return aliased;
}

function writeModel(files, { at, tenant, name, random }) {
  const application = at % 3 === 0 ? '\\N' : USES[at % 4];
  const time = new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString();
  files.model.add([tenant, name, `mdl_${at}`, application, 2, time, time]);
  files.model_tag.add([tenant, name, 'team', TEAMS[Math.floor(random() * TEAMS.length)]]);
  files.model_tag.add([tenant, name, 'ticket', `t-${Math.floor(random() * 20_000)}`]);
  const report = `{"reasons":[],"family":"${FAMILIES[at % 3]}","sizeClass":"small","profile":null,"parity":null,"signature":null,"serving":null}`;
  for (const version of [1, 2]) {
    const id = `ver_${at}_${version}`;
    const digest = `sha256:${(at * 2 + version).toString(16).padStart(64, '0')}`;
    const status = random() < 0.001 ? 'rejected' : 'admitted';
    const row = [tenant, name, version, id, application, digest, 1_000, `run_${at}_${version}`, status, 1, report];
    files.model_version.add([...row, LINEAGE, 'usr_x', time]);
  }
  if (at % 2 === 0) files.model_alias.add([tenant, name, 'champion', 2, `ver_${at}_2`, 'usr_x', time, 'loaded']);
}

class RowFile {
  #lines = [];
  #characters = 0;

  constructor(path) {
    this.descriptor = openSync(path, 'w', 0o644);
  }

  add(values) {
    const line = `${values.join('\t')}\n`;
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters > CHUNK) this.#flush();
  }

  close() {
    this.#flush();
    closeSync(this.descriptor);
  }

  #flush() {
    writeSync(this.descriptor, this.#lines.join(''));
    this.#lines = [];
    this.#characters = 0;
  }
}
