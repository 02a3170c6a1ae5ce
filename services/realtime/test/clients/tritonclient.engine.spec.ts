import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { inherited, python } from './config.js';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';

function pytest(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(python ?? '', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...args], {
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

(python === undefined ? describe.skip : describe)('tritonclient, unmodified', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let env: Record<string, string>;
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx');
    await serving.place('simple_string', 'simple_string.onnx');
    const opened = await openGrpc(serving.harness);
    door = opened.door;
    const token = await serving.harness.token('aa', { perms: ['predictions:invoke'] });
    env = {
      MYRIAD_HTTP: serving.harness.url.replace('http://', ''),
      MYRIAD_GRPC: `127.0.0.1:${opened.port}`,
      MYRIAD_TOKEN: token,
    };
  }, 60_000);
  afterAll(async () => {
    await door.close();
    await serving.close();
  });

  test.each(['test_http.py', 'test_grpc.py'])(
    "does NVIDIA's simple examples: %s",
    async (file) => {
      const { code, output } = await pytest([file], env);
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    },
    300_000,
  );
});
