// wrk, the load generator: it costs a third of what one written in Node costs, and what it costs is not there for the server. Debian's package, fetched once.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineUnavailable, cacheFolder, fillOnce, firstLine, runToEnd } from '../../tools/engines/process.mjs';

const PACKAGES = ['wrk=4.1.0-3+b2', 'libluajit-5.1-2=2.1.0~beta3+git20220320+dfsg-4.1+deb12u1'];

/** How to run wrk. @throws {EngineUnavailable} where it is neither installed nor to be had from Debian */
export async function openWrk() {
  if (spawnSync('wrk', ['-v']).error === undefined) return { program: 'wrk', env: process.env };
  const folder = cacheFolder('wrk', PACKAGES[0].slice('wrk='.length));
  await fillOnce(folder, fetchPackages, 'wrk');
  const libraries = join(
    folder,
    'usr/lib',
    firstLine('dpkg-architecture', ['-qDEB_HOST_MULTIARCH']) ?? 'x86_64-linux-gnu',
  );
  return { program: join(folder, 'usr/bin/wrk'), env: { ...process.env, LD_LIBRARY_PATH: libraries } };
}

function fetchPackages(folder) {
  const download = () => runToEnd('apt-get', ['download', '-qq', ...PACKAGES], { cwd: folder });
  try {
    try {
      download();
    } catch {
      runToEnd('apt-get', ['update', '-qq']);
      download();
    }
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb')))
      runToEnd('dpkg-deb', ['-x', file, '.'], { cwd: folder });
  } catch (error) {
    throw new EngineUnavailable('wrk', `install it by hand: ${error.message.slice(0, 300)}`);
  }
  if (!existsSync(join(folder, 'usr/bin/wrk'))) throw new EngineUnavailable('wrk', 'its package has no such program');
}

/**
 * Posts a body again and again over `connections` for `seconds`. Tells the answers a second, latencies in milliseconds, and what was no 2xx. With one connection wrk counts what would have been
 * asked while an answer was late (coordinated omission): its p99 says which share of the *time* answers were late.
 */
export async function wrk({ program, env }, { url, headers, body, connections, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-wrk-'));
  try {
    writeFileSync(join(folder, 'body'), body);
    const lines = Object.entries(headers).map(
      ([name, value]) => `wrk.headers[${JSON.stringify(name)}]=${JSON.stringify(value)}`,
    );
    writeFileSync(join(folder, 'post.lua'), `wrk.method="POST"\n${lines.join('\n')}\n${bodyFrom(folder)}\n${REPORT}`);
    const flags = [
      `-t${Math.min(2, connections)}`,
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '--timeout',
      '10s',
    ];
    const told = await output(program, [...flags, '-s', join(folder, 'post.lua'), url], env);
    const [, json] = /^JSON(.*)$/m.exec(told) ?? [];
    if (json === undefined) throw new Error(`wrk told nothing: ${told.slice(-500)}`);
    const { count, micros, p50, p99, failures } = JSON.parse(json);
    return { count, perSecond: (count * 1e6) / micros, p50: p50 / 1000, p99: p99 / 1000, failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bodyFrom = (folder) =>
  `local f=io.open(${JSON.stringify(join(folder, 'body'))},"rb") wrk.body=f:read("*a") f:close()`;
const REPORT = `function done(summary, latency, requests)
  local e=summary.errors
  io.write(string.format('JSON{"count":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}\\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status+e.connect+e.read+e.write+e.timeout))
end`;

function output(program, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}
