import { fork } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type StandaloneConfig, commandOf } from './config.js';
import { ownScript } from './own-script.js';
import { StateFolder } from './state/state-folder.js';
import type { SupervisorMessage } from './supervise.js';
import type { MeshAddresses } from './supervisor.js';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Shows what comes from the supervisor; answers the exit code once the start has ended, well or not. */
export function follower(config: StandaloneConfig): (message: SupervisorMessage) => number | undefined {
  const fromMs = performance.now();
  const seconds = (): string => ((performance.now() - fromMs) / 1_000).toFixed(1);
  return (message) => {
    switch (message.kind) {
      case 'progress':
        say(`${seconds().padStart(6)} s  ${message.text}`);
        return undefined;
      case 'up':
        say(`\nMyriad is up after ${seconds()} s.\n\n${whereToLook(config, message.addresses)}`);
        return 0;
      case 'failed':
        process.stderr.write(`\nMyriad did not start: ${message.reason}\n`);
        return 1;
    }
  };
}

function whereToLook(config: StandaloneConfig, { gatewayUrl, adminKeyFile, isFirstStart }: MeshAddresses): string {
  const state = new StateFolder(config.stateFolder);
  const short = (path: string): string => relative(process.cwd(), path) || '.';
  const lines = [
    ['gateway', gatewayUrl],
    ['API', `${gatewayUrl}/docs`],
    ['state', short(state.path)],
    ['logs', short(state.logs)],
    [
      "administrator's key",
      isFirstStart
        ? `${firstKey(adminKeyFile)}   (shown once; it stays in ${short(adminKeyFile)})`
        : `in ${short(adminKeyFile)}`,
    ],
    ['look', commandOf(config, 'status')],
    ['end it', commandOf(config, 'down')],
  ];
  return lines.map(([name = '', value = '']) => `  ${name.padEnd(22)}${value}`).join('\n');
}

function firstKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '(auth has written none)';
  }
}

/** Starts the supervisor as a process of its own and follows it until the mesh is up. */
export function detach(args: readonly string[], config: StandaloneConfig): Promise<number> {
  const state = new StateFolder(config.stateFolder);
  state.create();
  const output = openSync(state.logFile('supervisor'), 'a', 0o600);
  const script = ownScript('supervise');
  const child = fork(script, [...args], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    execArgv: ['--enable-source-maps', '--max-old-space-size=128', '--max-semi-space-size=1'],
  });
  const follow = follower(config);
  return new Promise((resolve) => {
    const end = (code: number): void => {
      if (child.connected) child.disconnect();
      child.unref();
      resolve(code);
    };
    child.on('message', (message) => {
      const code = follow(message as SupervisorMessage);
      if (code !== undefined) end(code);
    });
    child.on('exit', (code) => {
      process.stderr.write(`\nthe supervisor ended (${code ?? 'killed'}); see ${state.logFile('supervisor')}\n`);
      end(code === 0 ? 1 : (code ?? 1));
    });
  });
}
