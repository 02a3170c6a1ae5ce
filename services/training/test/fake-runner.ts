import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A `myriad.runner` of the standard library alone. A recipe is run as it stands, with these names: `spec`, `tasks`, `say(**line)` writes a line, `end(task, …)` ends a
 * task with an artifact of its own, `done()` ends the job well.
 */
const RUNNER = `
import json, os, sys, time
spec = json.load(open(sys.argv[1]))
tasks = spec['tasks']
def say(**line):
    print(json.dumps(line), flush=True)
def end(task, outcome='succeeded', reason='', artifact=None, parity=None, **metrics):
    if outcome == 'succeeded' and artifact is None:
        os.makedirs(task['outputFolder'], exist_ok=True)
        artifact = os.path.join(task['outputFolder'], 'model.onnx')
        open(artifact, 'w').write('model of ' + task['tenantId'])
    say(t='task', taskId=task['taskId'], outcome=outcome, reason=reason, artifactPath=artifact, parityPath=parity,
        metrics=metrics, durationMs=12.5)
def done():
    say(t='done')
exec(compile(open(spec['recipe']['sourcePath']).read(), 'recipe.py', 'exec'))
`;

/** Writes the package into a folder; returns the PYTHONPATH. */
export async function fakeRunner(folder: string): Promise<string> {
  const path = join(folder, 'python');
  await mkdir(join(path, 'myriad', 'runner'), { recursive: true });
  await writeFile(join(path, 'myriad', '__init__.py'), '');
  await writeFile(join(path, 'myriad', 'runner', '__init__.py'), '');
  await writeFile(join(path, 'myriad', 'runner', '__main__.py'), RUNNER);
  return path;
}

/** What a job's process sees of the environment here. */
export function runnerEnvironment(pythonPath: string): Readonly<Record<string, string>> {
  return { PATH: '/usr/bin:/bin', PYTHONPATH: pythonPath, PYTHONDONTWRITEBYTECODE: '1' };
}

/** The interpreter itself, where `python3` is a script that looks for it. */
export function interpreter(): string {
  return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}
