import { fork } from 'node:child_process';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

const PATH = '/inference.GRPCInferenceService/ModelInfer';
const CHANNELS = 4;

/** Asks again and again, `connections` at once, for `seconds`; tells the latencies in milliseconds. The message is encoded once, answers are not decoded: it is the server that is measured. */
async function ask({ port, message, token, connections, seconds }) {
  const bytes = Buffer.from(message, 'base64');
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const clients = Array.from(
    { length: Math.min(CHANNELS, connections) },
    (_, i) =>
      new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
        'bench.channel': i,
        'grpc.use_local_subchannel_pool': 1,
      }),
  );
  const latencies = [];
  const untilMs = performance.now() + seconds * 1000;
  const call = (client) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        PATH,
        (x) => x,
        (x) => x,
        bytes,
        metadata,
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
  const one = async (_, i) => {
    while (performance.now() < untilMs) {
      const fromMs = performance.now();
      await call(clients[i % clients.length]);
      latencies.push(performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  for (const client of clients) client.close();
  return latencies;
}

/** The bytes of a request for one row of FP32, in base64. */
export function inferMessage(model, input, row) {
  const { root } = protobuf.parse(inferenceProto, { keepCase: true });
  const type = root.lookupType('inference.ModelInferRequest');
  const raw = Buffer.from(Float32Array.from(row).buffer);
  const inputs = [{ name: input, datatype: 'FP32', shape: [1, row.length] }];
  const message = type.fromObject({ model_name: model, inputs, raw_input_contents: [raw] });
  return Buffer.from(type.encode(message).finish()).toString('base64');
}

/** {@link ask} from a process of its own. */
export function grpcLoad(options) {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_GRPC_LOAD: '1' } });
  return new Promise((resolve, reject) => {
    child.once('message', ({ latencies, error }) =>
      error === undefined ? resolve(latencies) : reject(new Error(error)),
    );
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send(options);
  });
}

if (process.send && process.env.BENCH_GRPC_LOAD) {
  process.once('message', async (options) => {
    const told = await ask(options).then(
      (latencies) => ({ latencies }),
      (error) => ({ error: error.message }),
    );
    process.send(told, () => process.exit(0));
  });
}
