import type { Socket } from 'node:net';
import { AnswerReader, type AnswerListener } from './answer-reader.js';
import type { Attempt, Loss } from './attempt.js';
import { LateTimer } from './late-timer.js';
import { writeRequest, type BodySending } from './request-writer.js';

/** Whose connection it is. */
export interface ConnectionOwner {
  /** It may carry the next request. */
  onFree(connection: Connection): void;
  /** It could not be opened. */
  onFailed(connection: Connection, loss: 'unsent' | 'unproven', cause: Error): void;
  /** It is of no use any more. */
  onGone(connection: Connection): void;
}

export interface ConnectionOptions {
  readonly owner: ConnectionOwner;
  /** The value of `Host`. */
  readonly host: string;
  readonly isTls: boolean;
  /** To open it, milliseconds. */
  readonly connectTimeoutMs: number;
}

/** What the other end is was found out before anything was sent. */
const NOT_PROVEN = /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

/** One connection to a service or replica, with one request at a time. */
export class Connection implements AnswerListener {
  private readonly socket: Socket;
  private state: 'opening' | 'idle' | 'busy' | 'over' = 'opening';
  private attempt: Attempt | undefined;
  private sending: BodySending | undefined;
  private idleUntilMs = Infinity;
  private readonly reader = new AnswerReader(this);
  private readonly timer = new LateTimer(() => {
    this.onLate();
  });

  constructor(
    /** Opens it; what comes is told to `read`. */
    open: (read: (bytes: Buffer) => void) => Socket,
    private readonly options: ConnectionOptions,
  ) {
    const socket = open((bytes) => {
      this.read(bytes);
    });
    this.socket = socket;
    this.timer.set(performance.now() + options.connectTimeoutMs);
    socket.once(options.isTls ? 'secureConnect' : 'connect', () => {
      this.state = 'busy';
      this.free();
    });
    socket.on('error', (error) => {
      this.lose(error);
    });
    for (const event of ['end', 'close'] as const)
      socket.on(event, () => {
        this.lose(new Error('the service closed the connection'));
      });
  }

  /** Whether it waits for a request, and its server will not have closed it before that arrives. */
  isUsableAt(nowMs: number): boolean {
    return this.state === 'idle' && nowMs < this.idleUntilMs;
  }

  /** Sends what is asked, on a connection that is free. */
  start(attempt: Attempt): void {
    const { socket, options, reader, timer } = this;
    this.state = 'busy';
    this.attempt = attempt;
    reader.expect(attempt.asked.method);
    timer.set(attempt.asked.headDueMs);
    attempt.onSent(this);
    try {
      this.sending = writeRequest(socket, options.host, attempt.asked, (error) => {
        this.lose(error, 'cut');
      });
    } catch (error) {
      this.lose(error as Error, 'cut');
    }
  }

  resume(): void {
    if (this.attempt === undefined || !this.socket.isPaused()) return;
    this.setPauseTimer(this.attempt);
    this.socket.resume();
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    this.attempt = undefined;
    this.lose(new Error('nobody waits for the answer'));
  }

  onHead(status: number, headers: readonly string[]): void {
    const { attempt } = this;
    if (attempt === undefined) return;
    attempt.onHead(status, headers);
    this.setPauseTimer(attempt);
  }

  onData(chunk: Buffer): void {
    const { attempt } = this;
    if (attempt === undefined) return;
    if (attempt.onData(chunk)) this.setPauseTimer(attempt);
    else {
      // how fast the client reads is not the service's fault
      this.timer.set(Infinity);
      this.socket.pause();
    }
  }

  onEnd(): void {
    const { attempt, sending, reader, socket } = this;
    this.attempt = undefined;
    this.sending = undefined;
    attempt?.onEnd();
    if (socket.isPaused()) socket.resume();
    if (this.state === 'busy' && reader.isReusable && sending?.isDone !== false) this.free();
    else {
      sending?.stop();
      this.lose(new Error('the connection carries no other request'));
    }
  }

  private free(): void {
    this.state = 'idle';
    this.idleUntilMs = performance.now() + this.reader.idleMs;
    this.timer.set(this.idleUntilMs);
    this.options.owner.onFree(this);
  }

  private setPauseTimer({ asked: { pauseTimeoutMs } }: Attempt): void {
    this.timer.set(pauseTimeoutMs === 0 ? Infinity : performance.now() + pauseTimeoutMs);
  }

  private read(chunk: Buffer): void {
    if (this.state === 'over') return;
    try {
      this.reader.read(chunk);
    } catch (error) {
      this.lose(error as Error, 'cut');
    }
  }

  private onLate(): void {
    if (this.state === 'busy') this.lose(new Error('the service was too slow'), 'timeout');
    else this.lose(new Error(this.state === 'opening' ? 'the service could not be reached in time' : 'it was idle'));
  }

  private lose(error: Error, loss: Loss = this.reader.hasBegun ? 'cut' : 'broken'): void {
    const { state, attempt, sending, options } = this;
    if (state === 'over') return;
    this.state = 'over';
    this.attempt = undefined;
    this.timer.close();
    sending?.stop();
    this.socket.destroy();
    if (state === 'opening') {
      const code = (error as { code?: unknown }).code;
      options.owner.onFailed(this, NOT_PROVEN.test(String(code)) ? 'unproven' : 'unsent', error);
    } else options.owner.onGone(this);
    attempt?.onLost(loss, error);
  }
}
