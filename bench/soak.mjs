// npm run bench -- soak : the main job in a loop for half an hour, with a random kill every 20 s (of any process but the balancer).
// SOAK_MINUTES (30), SOAK_MODE (mesh or standalone), SOAK_SEED choose otherwise.
import './lib/typescript.mjs';
import { MemoryWatch } from './lib/memory-watch.mjs';
import { SoakLoops } from './lib/soak-loops.mjs';

const KILL_EVERY_MS = 20_000;
const PREDICTIONS_PAUSE_MS = 50;
/** Of what is live in a service's processes, so much may come to it a minute, percent: what is not told from noise within such a time. */
const FLAT_PERCENT = 0.5;

export async function run(figures) {
  process.env.MYRIAD_TEST_WAIT_MS ??= '300000';
  const minutes = Number(process.env.SOAK_MINUTES ?? 30);
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
  const mode = process.env.SOAK_MODE ?? 'mesh';
  const [{ Mesh }, { brokenInvariants }] = await Promise.all([
    import('../test/system/mesh.ts'),
    import('../test/system/invariants-hold.ts'),
  ]);
  const memory = new MemoryWatch();
  const mesh = await Mesh.start({ mode, env: memory.environment });
  try {
    console.log(`${mode}, seed ${seed}, ${minutes} minutes, in ${mesh.stateFolder}`);
    const loops = await SoakLoops.prepare(mesh, seed);
    const ending = new AbortController();
    const untilMs = performance.now() + minutes * 60_000;
    const running = [
      loops.work(ending.signal),
      loops.predict({ signal: ending.signal, pauseMs: PREDICTIONS_PAUSE_MS }),
      memory.watch(mesh, ending.signal),
    ];
    const kills = await loops.kill({ untilMs, everyMs: KILL_EVERY_MS });
    ending.abort();
    const [rounds, predictions] = await Promise.all(running);
    const broken = await brokenInvariants(mesh, 180_000);
    for (const breach of broken) console.log(`  BROKEN ${breach}`);
    report(figures, { minutes, rounds, predictions, kills, broken, memory: memory.results() });
    if (broken.length > 0) console.log(mesh.logs());
  } finally {
    await mesh.stop();
    memory.remove();
  }
}

function report(figures, { minutes, rounds, predictions, kills, broken, memory }) {
  const failures = predictions.flatMap((sent) => sent.failures);
  const count = predictions.reduce((sum, sent) => sum + sent.count, 0);
  for (const [what, times] of tally(failures.map((failure) => failure.what))) console.log(`  ${times} × ${what}`);
  for (const one of memory) console.log(`  memory of ${memoryText(one)}`);
  figures.add({ name: 'time', value: minutes, unit: 'min' });
  figures.add({ name: 'kills', value: kills.length, unit: 'processes' });
  figures.add({ name: 'slowest back', value: Math.max(0, ...kills.map(({ backMs }) => backMs)) / 1000, unit: 's' });
  figures.add({ name: 'main jobs done', value: rounds.done, unit: 'rounds', bar: { atLeast: 1 } });
  figures.add({ name: 'main jobs failed', value: rounds.failed.length, unit: 'rounds', bar: { atMost: 0 } });
  figures.add({ name: 'predictions', value: count, unit: 'requests' });
  figures.add({ name: 'predictions failed', value: failures.length, unit: 'requests' });
  figures.add({ name: 'share of predictions failed', value: (100 * failures.length) / count, unit: '%' });
  figures.add({ name: 'invariants broken', value: broken.length, unit: 'breaches', bar: { atMost: 0 } });
  figures.add({
    name: 'live memory, worst drift of a service',
    value: Math.max(...memory.map(({ driftPercent }) => driftPercent)),
    unit: '% a minute',
    bar: { atMost: FLAT_PERCENT },
  });
  figures.add({
    name: 'peak memory, worst share of a container',
    value: Math.max(...memory.map(({ peakBytes, limitBytes }) => (100 * peakBytes) / limitBytes)),
    unit: '%',
    bar: { atMost: 100 },
  });
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function memoryText({
  service,
  minutes,
  liveBytes,
  driftPercent,
  nativeBytes,
  nativeDriftBytes,
  peakBytes,
  limitBytes,
}) {
  const live = `live ${mb(liveBytes)}, ${driftPercent.toFixed(2)} % a minute over ${minutes.toFixed(0)} minutes`;
  const native = `outside the heap ${mb(nativeBytes)}, ${mb(nativeDriftBytes)} a minute`;
  return `${service}: ${live}; ${native}; at most ${mb(peakBytes)} of ${mb(limitBytes)}`;
}

function tally(texts) {
  const times = new Map();
  for (const text of texts) {
    const kind = text.replaceAll(/[0-9a-f]{16,}|\d+(?= ms)|"instance":"[^"]*"/g, '…').slice(0, 240);
    times.set(kind, (times.get(kind) ?? 0) + 1);
  }
  return [...times].sort((one, other) => other[1] - one[1]).slice(0, 30);
}
