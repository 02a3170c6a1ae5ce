// What the gateway costs a prediction: a tenant's key, its quota and the audit on the way to a real replica with a small tabular model.
// Reference: a bare node:http proxy on undici that passes the same bytes on. All are asked in turns, so that they see the same machine.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferenceProto } from '@myriad/contracts';
import { internalSigner, mintInternalToken } from '@myriad/http';
import protobuf from 'protobufjs';
import { grpcLoad } from './lib/grpc-load.mjs';
import { cpuMicros } from './lib/proc.mjs';
import { rawLoad } from './lib/raw-load.mjs';
import { serveModel } from './lib/serve-model.mjs';
import { BenchMesh } from './lib/standalone.mjs';
import { median, quantile } from './lib/statistics.mjs';

const ROUNDS = 5;
const SECONDS = 5;
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 32;
const STEADY_PER_SECOND = 1_000;
const TENANT = 'bench';

export async function run(figures) {
  const mesh = new BenchMesh();
  let proxy;
  try {
    await mesh.up();
    const ways = await openWays(mesh);
    proxy = ways.proxy.child;
    for (const way of Object.values(ways)) await asked(way, { seconds: WARM_UP_SECONDS });
    await throughput(figures, ways);
    await addedLatency(figures, ways);
    await overGrpc(figures, mesh, ways);
  } finally {
    proxy?.kill();
    await mesh.remove();
  }
}

/** Three ways to the same replica. The processes that stand on each are in `pids`. */
async function openWays(mesh) {
  const request = await serveModel(mesh, TENANT);
  const pids = mesh.pids();
  const [name] = Object.keys(pids).filter((one) => one.startsWith('realtime-production-'));
  const { replicas } = await mesh.control('GET', '/replicas');
  const { url } = replicas.find((replica) => replica.name === name);
  const mint = tokens(mesh);
  const inside = async () => ({
    ...request,
    origin: url,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await mint()}` },
  });
  const proxy = await startProxy(url);
  return {
    gateway: {
      pids: { gateway: pids.gateway, realtime: pids[name] },
      options: async () => ({ ...request, origin: mesh.addresses.gatewayUrl }),
    },
    proxy: {
      child: proxy.child,
      pids: { proxy: proxy.child.pid, realtime: pids[name] },
      options: async () => {
        proxy.child.send({ token: await mint() });
        return { ...request, origin: proxy.origin };
      },
    },
    direct: { pids: { realtime: pids[name] }, options: inside },
  };
}

/** The same row over gRPC: what it costs the gateway and the replica. */
async function overGrpc(figures, mesh, { gateway }) {
  const { headers, body } = await gateway.options();
  const options = {
    port: grpcPortOf(mesh),
    token: headers.authorization.replace('Bearer ', ''),
    message: messageOf('delay', JSON.parse(body)),
    connections: CONNECTIONS,
  };
  await grpcLoad({ ...options, seconds: WARM_UP_SECONDS });
  const all = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = Object.values(gateway.pids).map(cpuMicros);
    const { latencies } = await grpcLoad({ ...options, seconds: SECONDS });
    const [own, replica] = Object.values(gateway.pids).map(
      (pid, at) => (cpuMicros(pid) - before[at]) / latencies.length,
    );
    all.push({ perSecond: latencies.length / SECONDS, own, replica });
  }
  const of = (name) => median(all.map((one) => one[name]));
  figures.add({ name: `over gRPC with a key, ${CONNECTIONS} at a time`, value: of('perSecond'), unit: 'requests/s' });
  figures.add({ name: 'CPU of the gateway a request, gRPC', value: of('own'), unit: 'µs' });
  figures.add({ name: 'CPU of the replica a request, gRPC', value: of('replica'), unit: 'µs' });
}

/** It is a free one, and the gateway logs which. */
function grpcPortOf(mesh) {
  const log = readFileSync(join(mesh.state, 'logs/gateway.log'), 'utf8');
  return Number(/"grpcPort":(\d+)/.exec(log)[1]);
}

const CONTENTS = { FP32: 'fp32_contents', INT64: 'int64_contents', BYTES: 'bytes_contents' };

function messageOf(model, { inputs }) {
  const type = protobuf.parse(inferenceProto, { keepCase: true }).root.lookupType('inference.ModelInferRequest');
  const tensors = inputs.map(({ name, datatype, shape, data }) => {
    const values = datatype === 'BYTES' ? data.map((text) => Buffer.from(text)) : data.map((value) => value ?? NaN);
    return { name, datatype, shape, contents: { [CONTENTS[datatype]]: values } };
  });
  return Buffer.from(type.encode(type.fromObject({ model_name: model, inputs: tensors })).finish()).toString('base64');
}

/** Tokens as the gateway mints them, for who asks a replica without it. */
function tokens(mesh) {
  const signer = internalSigner(JSON.parse(mesh.secret('internal-signing-key.json')));
  const claims = { sub: 'svc_bench', knd: 'service-account', tid: TENANT, htid: TENANT };
  const rights = { perms: ['predictions:invoke'], env: 'production', rid: 'bench' };
  return async () =>
    mintInternalToken(await signer, { ...claims, ...rights }, { audience: 'myriad-realtime-production' });
}

function startProxy(origin) {
  const child = fork(join(import.meta.dirname, 'lib/bare-proxy.mjs'));
  child.send({ origin });
  return new Promise((resolve) =>
    child.once('message', (port) => resolve({ child, origin: `http://127.0.0.1:${port}` })),
  );
}

/** Asks one way, and counts what each process on it spent a request. */
async function asked({ pids, options }, load) {
  const how = await options();
  const before = Object.values(pids).map(cpuMicros);
  const { latencies, failures } = await rawLoad({ connections: CONNECTIONS, seconds: SECONDS, ...how, ...load });
  if (Object.keys(failures).length > 0) throw new Error(`refused: ${JSON.stringify(failures)}`);
  const cpu = Object.fromEntries(
    Object.entries(pids).map(([name, pid], at) => [name, (cpuMicros(pid) - before[at]) / latencies.length]),
  );
  return { latencies, cpu };
}

async function rounds(ways, load) {
  const all = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const of = {};
    for (const [name, way] of Object.entries(ways)) of[name] = await asked(way, load);
    all.push(of);
  }
  return (read) => median(all.map(read));
}

async function throughput(figures, ways) {
  const of = await rounds(ways, {});
  const perSecond = (way) => of((round) => round[way].latencies.length / SECONDS);
  const clients = `${CONNECTIONS} clients`;
  figures.add({
    name: `through the gateway with key, quota and audit, ${clients}`,
    value: perSecond('gateway'),
    unit: 'requests/s',
    reference: perSecond('proxy'),
    bar: { atLeast: 10_000 },
  });
  figures.add({ name: `straight to the replica, ${clients}`, value: perSecond('direct'), unit: 'requests/s' });
  figures.add({
    name: 'CPU of the gateway a request, beside the bare proxy',
    value: of((round) => round.gateway.cpu.gateway),
    unit: 'µs',
    reference: of((round) => round.proxy.cpu.proxy),
  });
  figures.add({
    name: 'CPU of the replica a request, beside behind the bare proxy',
    value: of((round) => round.gateway.cpu.realtime),
    unit: 'µs',
    reference: of((round) => round.proxy.cpu.realtime),
  });
}

async function addedLatency(figures, ways) {
  const of = await rounds(ways, { perSecond: STEADY_PER_SECOND, connections: CONNECTIONS });
  for (const [name, q, atMost] of [
    ['p50', 0.5, 0.4],
    ['p99', 0.99, 2],
  ]) {
    const added = (way) => of((round) => quantile(round[way].latencies, q) - quantile(round.direct.latencies, q));
    figures.add({
      name: `what the gateway adds at ${name}, ${STEADY_PER_SECOND} requests/s`,
      value: added('gateway'),
      unit: 'ms',
      reference: added('proxy'),
      bar: { atMost },
    });
  }
}
