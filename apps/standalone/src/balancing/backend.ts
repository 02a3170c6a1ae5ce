import { get } from 'node:http';
import { type Socket, connect } from 'node:net';
import type { Clock } from '@myriad/kernel';

/** A replica that is ready is looked at this often, one that is not more often, milliseconds. */
const LOOK_MS = 1_000;
const LOOK_AGAIN_MS = 200;
const ANSWER_MS = 2_000;
const CONNECT_MS = 1_000;
/** Answers that did not come in time in a row until a replica counts as not ready: a busy machine is slow now and then. */
const SLOW_IN_A_ROW = 3;

/** `ready`: takes connections. `unready`: answers, but does not want any, as while it drains. `down`: does not answer. */
export type BackendState = 'ready' | 'unready' | 'down';

/** One replica behind a front: whether it is ready, and connections to it. */
export class Backend {
  #state: BackendState = 'down';
  #slow = 0;
  /** Connections that are open through this balancer. */
  open = 0;

  constructor(
    readonly name: string,
    private readonly url: string,
    private readonly clock: Clock,
  ) {}

  get state(): BackendState {
    return this.#state;
  }

  /** Looks at it until the signal says so. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#take(await this.#look());
      await this.clock.sleep(this.#state === 'ready' ? LOOK_MS : LOOK_AGAIN_MS, signal).catch(() => undefined);
    }
  }

  /** A connection to it; undefined when there is none to be had, and then it counts as down. */
  connect(): Promise<Socket | undefined> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
      const fail = (): void => {
        socket.destroy();
        this.#state = 'down';
        resolve(undefined);
      };
      socket.setTimeout(CONNECT_MS, fail);
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', fail);
        this.open += 1;
        socket.once('close', () => (this.open -= 1));
        resolve(socket);
      });
    });
  }

  #take(seen: BackendState | 'slow'): void {
    this.#slow = seen === 'slow' ? this.#slow + 1 : 0;
    if (seen !== 'slow') this.#state = seen;
    else if (this.#slow >= SLOW_IN_A_ROW) this.#state = 'unready';
  }

  #look(): Promise<BackendState | 'slow'> {
    return new Promise((resolve) => {
      const request = get(`${this.url}/readyz`, { agent: false, timeout: ANSWER_MS }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200 ? 'ready' : 'unready');
      });
      request.once('timeout', () => {
        resolve('slow');
        request.destroy();
      });
      request.once('error', () => {
        resolve('down');
      });
    });
  }
}
