import { setTimeout } from 'node:timers/promises';
import { type EventStream, type ServerSentEvent, eventStream } from '@myriad/http';
import { type RequestContext, canonicalJson } from '@myriad/kernel';
import type { ReadState } from '../application/read-state.js';
import { presentFleetRunHead } from './presenters.js';

const POLL_MS = 250;

/** Ends early when the client has gone. */
const pause = (signal: AbortSignal): Promise<void> => setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);

/** What a job says, from after the last event the client saw until it ends. Events are read from the table, so any process can serve them. */
export function watchJob(
  state: ReadState,
  ctx: RequestContext,
  jobId: string,
  lastEventId: string | undefined,
): EventStream {
  const start = /^\d+$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
  return eventStream(async function* (signal): AsyncGenerator<ServerSentEvent> {
    let sequence = start;
    while (!signal.aborted) {
      const { events, isEnded } = await state.jobEvents(ctx, jobId, sequence);
      for (const event of events) {
        sequence = event.sequence;
        yield {
          id: String(sequence),
          event: event.kind,
          data: { ...event.data, taskId: event.taskId, at: event.at.toISOString() },
        };
      }
      if (isEnded) {
        yield { event: 'end', data: {} };
        return;
      }
      if (events.length === 0) await pause(signal);
    }
  });
}

/** The counts of a fleet run whenever they change, and each member as it ends. */
export function watchFleetRun(state: ReadState, ctx: RequestContext, fleetRunId: string): EventStream {
  return eventStream(async function* (signal): AsyncGenerator<ServerSentEvent> {
    const told = new Set<string>();
    let last = '';
    while (!signal.aborted) {
      const view = await state.getFleetRun(ctx, fleetRunId);
      for (const { runId, tenantId, status, reason, metrics, endedAt } of view.runs) {
        if (endedAt === null || told.has(runId)) continue;
        told.add(runId);
        yield { event: 'run', data: { runId, tenantId, status, reason, metrics } };
      }
      const { status, counts } = presentFleetRunHead(view);
      const now = canonicalJson({ status, counts });
      if (now !== last) yield { event: 'status', data: { status, counts } };
      last = now;
      if (status !== 'queued' && status !== 'running') {
        yield { event: 'end', data: {} };
        return;
      }
      await pause(signal);
    }
  });
}
