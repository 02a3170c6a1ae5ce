// One row of a small tabular model, asked directly: what a request costs in `realtime` and in other servers of the same ONNX file, beside a bare node:http echo of the same bytes. All take turns
// on the same machine; requests a second follow what else it does, CPU a request hardly, so compare that, or rates of one round.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logisticRegression } from './lib/classical-models.mjs';
import { startReplica } from './lib/lone-replica.mjs';
import { meteredRequests } from './lib/metered.mjs';
import { PEERS, installPeer, startPeer } from './lib/peers.mjs';
import { serveModel } from './lib/serve-model.mjs';
import { HEADERS, MANY, Serving } from './lib/serving-rounds.mjs';
import { BenchMesh } from './lib/standalone.mjs';
import { openWrk } from './lib/wrk.mjs';

const ROUNDS = Number(process.env.SERVING_ROUNDS ?? 3);
const TENANT = 'bench';
const ROW = [5.1, 3.5, 1.4, 0.2];

/** Two cores: the load takes one. */
const multiple = (times, of) => (Number.isFinite(of) ? { atLeast: times * of } : null);

function irisModel(folder) {
  const input = { name: 'x', shape: [1, ROW.length], datatype: 'FP32' };
  const json = {
    inputs: [{ ...input, parameters: { binary_data_size: 4 * ROW.length } }],
    parameters: { binary_data_output: true },
  };
  const header = Buffer.from(JSON.stringify(json));
  const model = {
    name: 'iris',
    bytes: logisticRegression(ROW.length),
    file: join(folder, 'iris.onnx'),
    row: ROW,
    features: ROW.length,
    path: '/v2/models/iris/infer',
    body: JSON.stringify({ inputs: [{ ...input, data: ROW }] }),
    binary: Buffer.concat([header, Buffer.from(Float32Array.from(ROW).buffer)]),
    binaryHeader: String(header.length),
  };
  writeFileSync(model.file, model.bytes);
  return model;
}

function startEcho() {
  const child = fork(join(import.meta.dirname, 'lib/echo.mjs'));
  return new Promise((resolve) =>
    child.once('message', (port) => resolve({ child, url: `http://127.0.0.1:${port}/` })),
  );
}

async function measureOurs(serving, [replica, second], echo, warm) {
  const { model } = serving;
  const pids = () => [replica.pid];
  const token = () => replica.token(TENANT);
  const url = replica.origin + model.path;
  const json = async () => ({ ...HEADERS, authorization: `Bearer ${await token()}` });
  const binary = async () => ({
    authorization: `Bearer ${await token()}`,
    'inference-header-content-length': model.binaryHeader,
  });
  await serving.http('echo', { url: echo.url, pids: () => [echo.child.pid], headers: json }, warm);
  await serving.http('realtime', { url, pids, headers: json }, warm);
  const both = [replica, second];
  if (warm)
    await serving.http('second', { url: second.origin + model.path, pids: () => [second.pid], headers: json }, warm);
  await serving.spread('two replicas', {
    urls: both.map(({ origin }) => origin + model.path),
    pids: () => both.map(({ pid }) => pid),
    headers: json,
  });
  await serving.http('realtime, binary', { url, pids, headers: binary, body: model.binary }, warm);
  await serving.grpc('realtime', { port: replica.grpcPort, pids, token }, warm);
}

/** Names of those that could be measured. */
async function measurePeers(serving, peers, say) {
  const failed = new Set();
  for (const { peer, bin } of peers) {
    try {
      const server = await startPeer(peer, bin, serving.model);
      try {
        await serving.http(peer.name, { url: server.url, pids: server.pids }, true);
        if (peer.hasGrpc) await serving.grpc(peer.name, { port: server.grpcPort, pids: server.pids }, true);
      } finally {
        await server.stop();
      }
    } catch (error) {
      say(`  (${peer.name}: ${error.message})`);
      failed.add(peer);
    }
  }
  return peers.filter(({ peer }) => !failed.has(peer));
}

async function installed(say) {
  const peers = [];
  for (const peer of PEERS) {
    try {
      peers.push({ peer, bin: await installPeer(peer) });
    } catch (error) {
      say(`  (${peer.name} can't be installed here: ${error.message.slice(0, 300)})`);
    }
  }
  return peers;
}

function report(figures, serving, peers) {
  const many = (name, field) => serving.of(`${name}, ${MANY} clients`, field);
  const one = (name, field) => serving.of(`${name}, one client`, field);
  const rate = many('realtime', 'perSecond');
  const pair = many('two replicas', 'perSecond');
  const echoCpu = many('echo', 'cpu');
  figures.add({ name: 'bare echo, 32 clients', value: many('echo', 'perSecond'), unit: 'requests/s' });
  figures.add({
    name: 'CPU a request, realtime (reference: bare echo)',
    value: many('realtime', 'cpu'),
    unit: 'µs',
    reference: echoCpu,
    bar: { atMost: 2 * echoCpu },
  });
  figures.add({
    name: 'requests a second, realtime (reference: bare echo)',
    value: rate,
    unit: '/s',
    reference: many('echo', 'perSecond'),
  });
  for (const { peer } of peers) {
    const theirs = many(peer.name, 'perSecond');
    figures.add({
      name: `requests a second, two replicas of realtime (reference: ${peer.name})`,
      value: pair,
      unit: '/s',
      reference: theirs,
      bar: multiple(peer.times, theirs),
    });
    figures.add({
      name: `CPU a request, ${peer.name} (reference: realtime)`,
      value: many(peer.name, 'cpu'),
      unit: 'µs',
      reference: many('realtime', 'cpu'),
    });
    figures.add({
      name: `one client, p50 / p99, ${peer.name}`,
      value: one(peer.name, 'p50'),
      unit: `ms / ${one(peer.name, 'p99').toPrecision(3)} ms`,
    });
  }
  figures.add({
    name: 'one client, p50',
    value: one('realtime', 'p50'),
    unit: 'ms',
    reference: one('echo', 'p50'),
    bar: { atMost: 0.15 },
  });
  figures.add({
    name: 'one client, p99',
    value: one('realtime', 'p99'),
    unit: 'ms',
    reference: one('echo', 'p99'),
    bar: { atMost: 0.5 },
  });
  figures.add({ name: '32 clients, p99', value: many('realtime', 'p99'), unit: 'ms', reference: many('echo', 'p99') });
  figures.add({
    name: 'requests a second, binary tensors (reference: JSON)',
    value: many('realtime, binary', 'perSecond'),
    unit: '/s',
    reference: rate,
    bar: { atLeast: rate },
  });
  figures.add({
    name: 'CPU a request, binary tensors (reference: JSON)',
    value: many('realtime, binary', 'cpu'),
    unit: 'µs',
    reference: many('realtime', 'cpu'),
  });
  figures.add({ name: 'CPU a call over gRPC', value: serving.of('realtime over gRPC', 'cpu'), unit: 'µs' });
  for (const { peer } of peers.filter(({ peer }) => peer.hasGrpc)) {
    const theirs = serving.of(`${peer.name} over gRPC`, 'perSecond');
    const bar = peer.name === 'MLServer' ? multiple(5, theirs) : null;
    figures.add({
      name: `calls a second over gRPC, realtime (reference: ${peer.name})`,
      value: serving.of('realtime over gRPC', 'perSecond'),
      unit: '/s',
      reference: theirs,
      bar,
    });
    figures.add({
      name: `CPU a call over gRPC, ${peer.name} (reference: realtime)`,
      value: serving.of(`${peer.name} over gRPC`, 'cpu'),
      unit: 'µs',
      reference: serving.of('realtime over gRPC', 'cpu'),
    });
  }
}

/** What the event log was told against what the model counted: no more and no less. */
async function metering(figures, mesh, replica, model) {
  const headers = { authorization: `Bearer ${await replica.token(TENANT)}` };
  const answer = await fetch(replica.origin + model.path.replace(/infer$/, 'stats'), { headers });
  const [{ execution_count: counted }] = (await answer.json()).model_stats;
  const metered = await meteredRequests(mesh, replica.id, counted);
  const bar = { atLeast: counted, atMost: counted };
  figures.add({ name: 'requests metered (reference: run)', value: metered, unit: '', reference: counted, bar });
}

export async function run(figures) {
  const tool = await openWrk();
  let peers = await installed(figures.say);
  const folder = mkdtempSync(join(tmpdir(), 'myriad-serving-'));
  const mesh = new BenchMesh();
  const echo = await startEcho();
  const replicas = [];
  try {
    const serving = new Serving(tool, irisModel(folder));
    await mesh.up();
    await serveModel(mesh, TENANT, serving.model);
    for (const id of ['bench-1', 'bench-2']) replicas.push(await startReplica(mesh, id));
    for (let round = 0; round < ROUNDS; round += 1) {
      await measureOurs(serving, replicas, echo, round === 0);
      peers = await measurePeers(serving, peers, figures.say);
      figures.say(`  (round ${round + 1} of ${ROUNDS})`);
    }
    report(figures, serving, peers);
    await metering(figures, mesh, replicas[0], serving.model);
  } finally {
    echo.child.kill();
    for (const replica of replicas) await replica.stop();
    await mesh.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
