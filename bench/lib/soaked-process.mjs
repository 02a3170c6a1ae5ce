import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateInternalKeys, internalSigner, mintInternalToken } from '@myriad/http';
import { freePort } from './lone-replica.mjs';

const MAIN = join(import.meta.dirname, '../../services/realtime/dist/main.js');
const LIVE_MEMORY = pathToFileURL(join(import.meta.dirname, 'live-memory.mjs')).href;
const START_MS = 120_000;

/** A `realtime` process as production starts it, on one port through all its lives. Tells what is live in it. */
export class SoakedProcess {
  /** One entry a life. */
  pids = [];
  #child;

  static async open({ folder, sampleMs, environment, variables }) {
    const { privateJwk, publicJwks } = await generateInternalKeys('bench');
    const jwks = join(folder, 'jwks.json');
    writeFileSync(jwks, JSON.stringify(publicJwks));
    const port = await freePort();
    const env = {
      ...variables,
      ...{ PORT: String(port), HOST: '127.0.0.1', ENVIRONMENT: environment, REPLICA_ID: 'r0', DRAIN_QUIET_MS: '0' },
      ...{ INTERNAL_JWKS_FILE: jwks, LIVE_MEMORY_FOLDER: folder, LIVE_MEMORY_EVERY_MS: String(sampleMs) },
    };
    return new SoakedProcess({ env, folder, environment, signer: await internalSigner(privateJwk) });
  }

  constructor(options) {
    Object.assign(this, options);
    this.origin = `http://127.0.0.1:${this.env.PORT}`;
  }

  /** A token as the gateway mints them; lives a minute. */
  token(tenantId) {
    const claims = {
      ...{ sub: 'svc_bench', knd: 'service-account', tid: tenantId, htid: tenantId },
      ...{ perms: ['predictions:invoke'], env: this.environment, rid: 'bench' },
    };
    return mintInternalToken(this.signer, claims, { audience: `myriad-realtime-${this.environment}` });
  }

  /** Resolves when it listens: after how many seconds. */
  async start() {
    const fromMs = performance.now();
    const more = process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [];
    const args = ['--expose-gc', ...more, '--import', LIVE_MEMORY, MAIN];
    this.#child = spawn(process.execPath, args, { env: this.env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.pids.push(this.#child.pid);
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('realtime does not listen')), START_MS);
      this.#child.once('exit', (code) => reject(new Error(`realtime ended with ${code}`)));
      this.#child.stdout.on('data', (chunk) => {
        if (!String(chunk).includes('"listening"')) return;
        clearTimeout(late);
        resolve();
      });
    });
    this.#child.removeAllListeners('exit');
    return (performance.now() - fromMs) / 1_000;
  }

  /** Resolves when it has ended. */
  async end(signal) {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  /** What was live in one of its lives: `{ageMs, heapBytes, externalBytes, rssBytes}` each. */
  samples(life) {
    return readFileSync(join(this.folder, `${this.pids[life]}.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }
}
