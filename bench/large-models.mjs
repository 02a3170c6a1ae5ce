// Real models that ship in packages (OCR detection, recognition and angle, voice activity, file type) beside a small tabular fleet in one `realtime` process: whether admission takes them, whether each answers what
// onnxruntime in Python answers, how many runs a second there are beside Python with as many threads, and what they do to small models. BENCH_SECONDS: of each measurement; BENCH_ROUNDS.
import { availableParallelism } from 'node:os';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@myriad/kernel';
import { OnnxModelInspector } from '../services/registry/dist/adapters/onnx/onnx-model-inspector.js';
import { oddities } from '../services/registry/dist/domain/admission-policy.js';
import { logisticRegression } from './lib/classical-models.mjs';
import { rawLoad } from './lib/raw-load.mjs';
import { RealModels, argMax, readText, valuesOf } from './lib/real-models.mjs';
import { RealtimeProcess } from './lib/realtime-process.mjs';
import { median, quantile } from './lib/statistics.mjs';
import { TenantsLoad } from './lib/tenants-load.mjs';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const THREADS = availableParallelism();
const FEATURES = 32;
const FLEET = 50;
/** Requests a second of the whole fleet. */
const FLEET_RATE = 500;
const TOLERANCE = 1e-4;
/** Requests of one client at the same time: one runs, the others are ready. */
const AT_ONCE = 4;

/** A request whose values are bytes, both ways. */
function requestOf(origin, tenantId, modelName, tensors) {
  const inputs = tensors.map(({ name, datatype, shape, bytes }) => ({
    ...{ name, datatype, shape },
    parameters: { binary_data_size: bytes.length },
  }));
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    origin,
    path: `/v2/models/${modelName}/infer`,
    headers: { authorization: `Bearer ${tenantId}`, 'inference-header-content-length': String(json.length) },
    bodyBase64: Buffer.concat([json, ...tensors.map(({ bytes }) => bytes)]).toString('base64'),
  };
}

/** The outputs of an answer as bytes. */
async function answerOf({ origin, path, headers, bodyBase64 }) {
  const answer = await fetch(origin + path, { method: 'POST', headers, body: Buffer.from(bodyBase64, 'base64') });
  const body = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`);
  const length = Number(answer.headers.get('inference-header-content-length'));
  let at = length;
  return JSON.parse(body.subarray(0, length)).outputs.map((output) => {
    const bytes = body.subarray(at, (at += output.parameters.binary_data_size));
    return { ...output, bytes };
  });
}

/** What admission says of a model; what it says goes with the placement. */
async function admit(model, folder) {
  const path = join(folder, `${model.name}.onnx`);
  writeFileSync(path, model.file);
  const { report, isRefused } = await new OnnxModelInspector().inspect(
    { path, digest: digestOf(model.file) },
    undefined,
  );
  const why = isRefused ? report.reasons : oddities(report);
  const said = why.map(({ code }) => code).join(', ');
  console.log(
    `  ${model.name}: ${isRefused ? 'refused' : said === '' ? 'admitted' : 'waits for review'}${said === '' ? '' : ` (${said})`}, ` +
      `${report.family}-${report.sizeClass}, ${Math.round(report.profile?.latencyMicrosP50 ?? 0)} µs a row, batches ${report.profile?.batchInvariant ? 'change nothing' : 'differ'}`,
  );
  if (isRefused) throw new Error(`${model.name} was refused`);
  const { way, micros, memoryBytes, split } = report.serving ?? {};
  const serving = report.serving && { way, micros, memoryBytes, split: null };
  // its parts are not in the store of this benchmark
  return { batchInvariant: report.profile.batchInvariant, ...(serving?.way === 'whole' && { serving }) };
}

/** The largest difference from onnxruntime in Python. @throws when it is no answer to the sample */
function checkAnswer(model, outputs) {
  let largest = 0;
  for (const expected of model.outputs) {
    const given = outputs.find(({ name }) => name === expected.name);
    const [a, b] = [valuesOf(given), valuesOf(expected)];
    if (a.length !== b.length)
      throw new Error(`${model.name}: ${expected.name} has ${a.length} values, not ${b.length}`);
    for (let i = 0; i < a.length; i += 1) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  }
  const [first] = outputs;
  const seen =
    model.characters !== undefined
      ? readText(first, valuesOf(first), model.characters)
      : model.labels !== undefined
        ? model.labels[argMax(valuesOf(first))]
        : undefined;
  if (seen !== undefined) console.log(`  ${model.name} sees '${seen}'`);
  const wanted = model.text ?? (model.labels && 'python');
  if (seen !== wanted) throw new Error(`${model.name} sees '${seen}' where '${wanted}' is`);
  return largest;
}

const fleetNames = Array.from({ length: FLEET }, (_none, at) => `tenant-${at}`);

function fleetRequests(origin) {
  const bytes = Buffer.from(new Float32Array(FEATURES).fill(0.5).buffer);
  const input = { name: 'x', datatype: 'FP32', shape: [1, FEATURES], bytes };
  return fleetNames.map((name) => ({
    ...requestOf(origin, name, 'small', [input]),
    perSecond: FLEET_RATE / FLEET,
    connections: 32,
  }));
}

async function fleetP99(origin, seconds) {
  const load = await TenantsLoad.open({ tenants: fleetRequests(origin) });
  const loads = await load.run(seconds);
  for (const { statuses } of loads)
    if (Object.keys(statuses).some((status) => status !== '200'))
      throw new Error(`small models were not answered: ${JSON.stringify(statuses)}`);
  const latencies = loads.flatMap((load) => load.latencies);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

async function rateOf(request, seconds) {
  const { latencies, failures } = await rawLoad({ ...request, connections: AT_ONCE, seconds });
  if (Object.keys(failures).length > 0) throw new Error(`${request.path}: ${JSON.stringify(failures)}`);
  return latencies.length / seconds;
}

export async function run(figures) {
  const source = await RealModels.fetch();
  const models = await source.all();
  const realtime = await RealtimeProcess.start({ workers: { cores: THREADS }, maxWaitMs: 30_000 });
  try {
    const origin = realtime.url;
    const placed = [];
    for (const model of models) {
      const more = await admit(model, source.samples);
      placed.push({ tenantId: 'large', modelName: model.name, file: model.file.toString('base64'), more });
    }
    const small = logisticRegression(FEATURES);
    for (const tenantId of fleetNames)
      placed.push({
        tenantId,
        modelName: 'small',
        file: Buffer.from(small).toString('base64'),
        more: { batchInvariant: true },
      });
    const taken = await realtime.ask('place', placed);
    const requests = new Map(models.map((model) => [model.name, requestOf(origin, 'large', model.name, model.inputs)]));
    for (const model of models) {
      const { memoryBytes, isDetached } = taken.find(({ modelName }) => modelName === model.name);
      figures.add({
        name: `${model.name}: memory, ${isDetached ? 'worker thread' : 'inline'}`,
        value: memoryBytes / 1e6,
        unit: 'MB',
        reference: model.file.length / 1e6,
      });
      const largest = checkAnswer(model, await answerOf(requests.get(model.name)));
      figures.add({
        name: `${model.name}: largest difference from Python`,
        value: largest,
        unit: '',
        bar: { atMost: TOLERANCE },
      });
    }
    await throughput(figures, source, models, { realtime, requests });
    await besides(figures, origin, requests);
    console.log(' ', JSON.stringify(await realtime.ask('workers')));
  } finally {
    await realtime.stop();
  }
}

/** The runtime alone beside Python's, in turns, so that both see the same machine; and through HTTP, whose server and client want their share of the same cores. */
async function throughput(figures, source, models, { realtime, requests }) {
  for (const { name, inputs } of models) {
    const tensors = inputs.map(({ bytes: _bytes, ...tensor }) => tensor);
    const question = { tenantId: 'large', modelName: name, tensors, atOnce: AT_ONCE };
    const rounds = [];
    await realtime.ask('rate', { ...question, seconds: 1 });
    for (let i = 0; i < ROUNDS; i += 1)
      rounds.push({
        ours: await realtime.ask('rate', { ...question, seconds: SECONDS }),
        theirs: await source.rate(name, SECONDS, THREADS),
        http: await rateOf(requests.get(name), SECONDS),
      });
    const theirs = median(rounds.map((round) => round.theirs));
    const ratioOf = (what) => median(rounds.map((round) => round[what] / round.theirs));
    figures.add({
      name: `${name}: runs a second, beside onnxruntime in Python, ${THREADS} threads`,
      value: ratioOf('ours') * theirs,
      unit: '1/s',
      reference: theirs,
      bar: { atLeast: 0.9 * theirs },
    });
    figures.add({
      name: `${name}: the same over HTTP`,
      value: ratioOf('http') * theirs,
      unit: '1/s',
      reference: theirs,
    });
  }
}

/** The fleet alone, and while all large models are asked for without a pause. */
async function besides(figures, origin, requests) {
  await fleetP99(origin, 2);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const quiet = await fleetP99(origin, SECONDS);
    const large = Promise.all([...requests.values()].map((request) => rateOf(request, SECONDS + 1)));
    const busy = await fleetP99(origin, SECONDS);
    await large;
    rounds.push({ quiet, busy });
    console.log(' ', JSON.stringify(rounds.at(-1)));
  }
  const of = (when, what) => median(rounds.map((round) => round[when][what]));
  figures.add({ name: `${FLEET} small models at ${FLEET_RATE}/s, p50`, value: of('quiet', 'p50'), unit: 'ms' });
  figures.add({
    name: 'the same beside large models, p50',
    value: of('busy', 'p50'),
    unit: 'ms',
    reference: of('quiet', 'p50'),
  });
  figures.add({ name: `${FLEET} small models at ${FLEET_RATE}/s, p99`, value: of('quiet', 'p99'), unit: 'ms' });
  figures.add({
    name: 'the same beside large models, p99',
    value: of('busy', 'p99'),
    unit: 'ms',
    reference: of('quiet', 'p99'),
    bar: { atMost: 2 * of('quiet', 'p99') },
  });
}
