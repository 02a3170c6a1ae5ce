/**
 * Runs an unpacked image as a container runtime would: its root read-only, uid and gid of the image, no capabilities to gain, writable only what a pod mounts (/tmp, /var/lib/myriad),
 * and of this machine nothing but Node and the C libraries that the base image brings. Needs root and mount namespaces.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const quote = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;
/** Folders that a pod mounts writable. */
const WRITABLE = ['tmp', 'var/lib/myriad'];
/** Folders that a pod mounts secrets and certificates at. */
const MOUNTED = ['run/myriad', 'run/tls'];

/** Why images can't be run here, or undefined. */
export function whyNotRunnable() {
  if (process.getuid?.() !== 0) return 'only root may make mount namespaces';
  const { status, error, stderr } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  });
  return error || status !== 0 ? `no mount namespaces: ${error?.message ?? stderr.trim()}` : undefined;
}

/** Mounts, then the program in place of the shell. */
function script(root, { config, node, mounts }) {
  const at = (path) => quote(join(root, path));
  const bind = (from, to) => `mount --bind ${quote(from)} ${at(to)} && mount -o remount,bind,ro ${at(to)}`;
  const [uid, gid] = config.User.split(':');
  const program = ['/usr/local/bin/node', ...config.Entrypoint.slice(1)].map(quote).join(' ');
  const lines = [
    'set -e',
    'mount --make-rprivate /',
    `mount --bind ${quote(root)} ${quote(root)}`,
    bind('/usr/lib', 'usr/lib'),
    `if [ -d /usr/lib64 ]; then ${bind('/usr/lib64', 'usr/lib64')}; fi`,
    bind(node, 'usr/local/bin/node'),
    `mount --bind /dev ${at('dev')}`,
    `mount --bind /proc ${at('proc')}`,
    ...Object.entries(mounts).map(([path, folder]) => bind(folder, path)),
    ...WRITABLE.map((path) => `mount -t tmpfs -o uid=${uid},gid=${gid},mode=0700 tmpfs ${at(path)}`),
    `mount -o remount,bind,ro ${quote(root)}`,
    `exec setpriv --no-new-privs --clear-groups unshare --root=${quote(root)} --wd=${quote(config.WorkingDir)} --setgid=${gid} --setuid=${uid} ${program}`,
  ];
  return lines.join('\n');
}

/** Makes the places that are mounted over. */
export function prepareRoot(root) {
  for (const path of ['usr/lib', 'usr/lib64', 'usr/local/bin', 'dev', 'proc', 'etc', ...MOUNTED, ...WRITABLE])
    mkdirSync(join(root, path), { recursive: true });
  for (const [name, target] of [
    ['lib', 'usr/lib'],
    ['lib64', 'usr/lib64'],
  ])
    spawnSync('ln', ['-sfn', target, join(root, name)]);
  writeFileSync(join(root, 'usr/local/bin/node'), '', { mode: 0o755 });
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
}

/**
 * Starts the image's program in `root`, which {@link prepareRoot} made ready. `env`: what a pod is given besides the image's own; `mounts`: folders of this machine by where they are
 * mounted, /run/myriad and /run/tls. Answers with the child process, which becomes the program;
 * the mounts end with it.
 */
export function runImage(root, { config, node = process.execPath, env = {}, mounts = {} }) {
  const own = Object.fromEntries(
    config.Env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return spawn('unshare', ['--mount', 'sh', '-c', script(root, { config, node, mounts })], {
    // runtimes set HOME, to / for a user that no /etc/passwd names
    env: { ...own, PATH: `${own.PATH}:/usr/bin:/bin`, HOME: '/', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
