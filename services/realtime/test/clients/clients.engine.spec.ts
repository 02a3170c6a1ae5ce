import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { inherited, pythons } from './config.js';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';

const SUITES = [
  ['tritonclient', 'test_http.py'],
  ['tritonclient', 'test_grpc.py'],
  ['kserve', 'test_kserve.py'],
  ['mlserver', 'test_mlserver.py'],
] as const;
const suites = SUITES.flatMap(([client, file]) => {
  const python = pythons[client];
  return python === undefined ? [] : [{ client, file, python }];
});

function pytest(
  { python, file }: (typeof suites)[number],
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', file], {
    cwd: import.meta.dirname,
    env: { ...inherited, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, output });
    });
  });
}

(suites.length === 0 ? describe.skip : describe)('clients of the protocol, unmodified', () => {
  let serving: Serving;
  let door: GrpcDoor;
  const running = new Map<string, ReturnType<typeof pytest>>();
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx');
    await serving.place('simple_string', 'simple_string.onnx');
    const opened = await openGrpc(serving.harness);
    door = opened.door;
    const token = await serving.harness.token('aa', { perms: ['predictions:invoke'] });
    const env = {
      MYRIAD_HTTP: serving.harness.url.replace('http://', ''),
      MYRIAD_GRPC: `127.0.0.1:${opened.port}`,
      MYRIAD_TOKEN: token,
    };
    // all at the same time: each waits for its imports more than for answers
    for (const suite of suites) running.set(suite.file, pytest(suite, env));
  }, 60_000);
  afterAll(async () => {
    await door.close();
    await serving.close();
  });

  test.each(suites.map(({ client, file }) => [client, file] as const))(
    '%s: %s',
    async (_client, file) => {
      const { code, output } = await running.get(file)!;
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    },
    300_000,
  );
});
