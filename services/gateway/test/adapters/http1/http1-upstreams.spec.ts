import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { Http1Upstreams } from '../../../src/adapters/http1/http1-upstreams.js';
import { InFlight } from '../../../src/application/in-flight.js';
import { Outages } from '../../../src/application/outages.js';
import type { Flight, UpstreamRequest } from '../../../src/application/ports.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A server on bare sockets: `hear` gets what came so far on a connection since its last answer. */
class RawServer {
  readonly sockets: Socket[] = [];
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async listen(hear: (socket: Socket, text: string, of: RawServer) => void): Promise<RawServer> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const raw = new RawServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => {
      raw.sockets.push(socket);
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (!text.includes('\r\n\r\n')) return;
        const heard = text;
        text = '';
        hear(socket, heard, raw);
      });
    });
    return raw;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

interface Answered {
  status: number;
  body: string;
  failure: string | undefined;
  message: string;
}

describe('upstreams over HTTP/1.1', () => {
  let upstreams: Http1Upstreams;
  let inFlight: InFlight;
  const servers: RawServer[] = [];
  const serve = async (hear: (socket: Socket, text: string, of: RawServer) => void): Promise<RawServer> => {
    const server = await RawServer.listen(hear);
    servers.push(server);
    return server;
  };
  beforeEach(() => {
    inFlight = new InFlight();
    upstreams = new Http1Upstreams(new Outages(systemClock), inFlight, 0);
  });
  afterEach(async () => {
    await upstreams.close();
    for (const server of servers.splice(0)) server.close();
  });

  function requestTo(origins: readonly string[], more: Partial<UpstreamRequest> = {}): UpstreamRequest {
    const origin = (tried: ReadonlySet<string>): string => origins.find((one) => !tried.has(one)) ?? origins[0]!;
    const limits = { deadlineMs: undefined, headTimeoutMs: 20_000, pauseTimeoutMs: 20_000, isRepeatable: true };
    return { origin, method: 'POST', path: '/x?y=1', headers: [], body: Buffer.from('{}'), ...limits, ...more };
  }
  const ask = (origins: readonly string[], more: Partial<UpstreamRequest> = {}): Promise<Answered> =>
    new Promise((resolve) => {
      const answered: Answered = { status: 0, body: '', failure: undefined, message: '' };
      upstreams.send(requestTo(origins, more), {
        onHead: (status) => (answered.status = status),
        onData: (chunk) => {
          answered.body += chunk.toString('latin1');
          return true;
        },
        onEnd: () => {
          resolve(answered);
        },
        onFailure: (failure, cause) => {
          resolve({ ...answered, failure, message: cause.message });
        },
      });
    });

  it('ask again and again over one connection, with the head as it should be', async () => {
    const heard: string[] = [];
    const server = await serve((socket, text) => {
      heard.push(text);
      socket.write(OK);
    });
    for (let i = 0; i < 3; i += 1)
      expect(await ask([server.origin], { headers: ['a', 'é', 'content-length', '2'] })).toMatchObject({
        status: 200,
        body: 'ok',
      });
    expect(server.sockets).toHaveLength(1);
    const host = new URL(server.origin).host;
    expect(new Set(heard)).toEqual(
      new Set([`POST /x?y=1 HTTP/1.1\r\nhost: ${host}\r\na: é\r\ncontent-length: 2\r\n\r\n{}`]),
    );
    expect(inFlight.at(server.origin).count).toBe(0);
  });

  it('send no header that would be two', async () => {
    const server = await serve((socket) => socket.write(OK));
    const { failure, message } = await ask([server.origin], { headers: ['a', 'b\r\nc: d'] });
    expect({ failure, message }).toEqual({ failure: 'broken', message: "the header 'a' has a line break" });
  });

  it.each([
    ['before anything of the answer came', '', true],
    ['within the head', 'HTTP/1.1 200 OK\r\ncontent-le', false],
    ['within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe', false],
    ['within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe', false],
    ['before the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n', false],
  ])('ask elsewhere when the connection closes %s: %#', async (_name, text, isAskedAgain) => {
    const breaking = await serve((socket) => socket.end(text));
    const other = await serve((socket) => socket.write(OK));
    const answered = await ask([breaking.origin, other.origin]);
    expect(answered).toMatchObject(isAskedAgain ? { status: 200, failure: undefined } : { failure: 'broken' });
    expect(other.sockets).toHaveLength(isAskedAgain ? 1 : 0);
  });

  it('ask once more only, and never what may be done once', async () => {
    let count = 0;
    const server = await serve((socket) => {
      count += 1;
      socket.destroy();
    });
    expect(await ask([server.origin])).toMatchObject({ failure: 'broken' });
    expect(count).toBe(2);
    expect(await ask([server.origin], { isRepeatable: false })).toMatchObject({ failure: 'broken' });
    expect(count).toBe(3);
  });

  it('use no connection that its server has closed, not even for what may be done once', async () => {
    const server = await serve((socket) => socket.write(OK));
    for (let i = 0; i < 5; i += 1) {
      await ask([server.origin]);
      server.sockets.at(-1)!.destroy();
      // the server's end is on its way, and nothing here has seen it
      expect(await ask([server.origin], { isRepeatable: false })).toMatchObject({ status: 200 });
    }
  });

  it('take nothing that follows an answer for another one', async () => {
    const server = await serve((socket) => socket.write(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad`));
    for (let i = 0; i < 3; i += 1) expect(await ask([server.origin])).toMatchObject({ body: 'ok' });
    expect(server.sockets).toHaveLength(3);
  });

  it('take no late second answer for the answer to what is asked next', async () => {
    const server = await serve((socket) => {
      socket.write(OK);
      setImmediate(() =>
        setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nx-request-id: r1\r\ncontent-length: 3\r\n\r\nbad')),
      );
    });
    for (let i = 1; i < 20; i += 1) expect((await ask([server.origin], { requestId: `q${i}` })).body).not.toBe('bad');
  });

  it.each([
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
    'HTTP/1.1 200 OK\r\n\r\nok',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokHTTP/1.1',
    'HTTP/1.1 200 OK\r\nx-request-id: other\r\ncontent-length: 2\r\n\r\nok',
  ])('refuse what is no answer, and do not ask again: %#', async (text) => {
    const server = await serve((socket) => socket.write(text));
    expect(await ask([server.origin], { requestId: 'mine' })).toMatchObject({ failure: 'broken' });
    expect(server.sockets).toHaveLength(1);
  });

  it('give up in time: for the head, within the answer, and at the deadline', async () => {
    const silent = await serve(() => undefined);
    const pausing = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe'));
    expect(await ask([silent.origin], { headTimeoutMs: 30 })).toMatchObject({ failure: 'timeout', status: 0 });
    expect(await ask([pausing.origin], { pauseTimeoutMs: 30 })).toMatchObject({ failure: 'timeout', status: 200 });
    const deadlineMs = performance.now() + 40;
    expect(await ask([silent.origin], { deadlineMs })).toMatchObject({ failure: 'timeout' });
    expect(performance.now()).toBeGreaterThanOrEqual(deadlineMs - 1);
  });

  it('take the request with the client that leaves', async () => {
    const flights: Flight[] = [];
    const server = await serve(() => flights[0]?.abort());
    const flight = upstreams.send(requestTo([server.origin]), {
      onHead: () => undefined,
      onData: () => true,
      onEnd: () => undefined,
      onFailure: () => {
        throw new Error('nobody is there to be told');
      },
    });
    flights.push(flight);
    await eventually(() => {
      expect(server.sockets.map(({ closed }) => closed)).toEqual([true]);
    });
    expect(inFlight.at(server.origin).count).toBe(0);
  });

  it('ask more at once than there are connections, and have all answered', async () => {
    const server = await serve((socket) => setImmediate(() => socket.write(OK)));
    const answers = await Promise.all(Array.from({ length: 600 }, () => ask([server.origin])));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['ok']));
    expect(server.sockets.length).toBeLessThanOrEqual(256);
  });

  it('pass an answer on no faster than it is taken, and an upload no faster than it is read', async () => {
    const SIZE = 8 * 1_048_576;
    const server = await serve((socket, text) => {
      if (text.startsWith('POST')) socket.pause();
      else
        socket.write(
          Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`), Buffer.alloc(SIZE)]),
        );
    });
    let received = 0;
    let [flight, resume]: [Flight | undefined, () => void] = [undefined, () => undefined];
    const ended = new Promise<void>((resolve, reject) => {
      resume = () => flight?.resume();
      const taken = { onHead: () => undefined, onData: (chunk: Buffer) => ((received += chunk.length), false) };
      flight = upstreams.send(requestTo([server.origin], { method: 'GET', body: undefined }), {
        ...taken,
        onEnd: resolve,
        onFailure: (_kind, cause) => {
          reject(cause);
        },
      });
    });
    await eventually(() => {
      expect(received).toBeGreaterThan(0);
    });
    expect(received).toBeLessThanOrEqual(65_536);
    const pulling = setInterval(resume, 0);
    await ended;
    clearInterval(pulling);
    expect(received).toBe(SIZE);

    let produced = 0;
    const body = Readable.from(
      (function* () {
        for (; produced < SIZE; produced += 65_536) yield Buffer.alloc(65_536);
      })(),
    );
    const uploading = ask([server.origin], { body, headTimeoutMs: 20_000, isRepeatable: false });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(produced).toBeLessThan(SIZE);
    server.sockets
      .at(-1)!
      .on('data', () => undefined)
      .resume();
    await eventually(() => {
      expect(produced).toBe(SIZE);
    });
    server.sockets.at(-1)!.write(OK);
    expect(await uploading).toMatchObject({ status: 200 });
  });

  it('say an upload in chunks, and leave a connection whose answer came before its end', async () => {
    let heard = '';
    const server = await serve((socket, text) => {
      heard = text;
      socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n');
    });
    const body = new Readable({ read: () => undefined });
    body.push('hello');
    expect(await ask([server.origin], { body, isRepeatable: false })).toMatchObject({ status: 413 });
    expect(heard).toContain('transfer-encoding: chunked\r\n');
    expect(body.destroyed).toBe(true);
    expect(await ask([server.origin])).toMatchObject({ status: 413 });
    expect(server.sockets).toHaveLength(2);
  });

  it('break off when a body fails, so that half of it is never taken for the whole', async () => {
    const closed: boolean[] = [];
    const server = await serve((socket) => socket.on('close', () => closed.push(true)));
    for (const headers of [[], ['content-length', '9']]) {
      const body = new Readable({ read: () => undefined });
      body.push('hello');
      const asking = ask([server.origin], { body, headers, isRepeatable: false });
      setTimeout(() => body.destroy(new Error('too slow')), 30);
      expect(await asking).toMatchObject({ failure: 'broken', message: 'too slow' });
    }
    await eventually(() => {
      expect(closed).toHaveLength(2);
    });
  });

  it('say that a service can not be reached, after three tries', async () => {
    const server = await serve(() => undefined);
    server.close();
    expect(await ask([server.origin], { isRepeatable: false })).toMatchObject({ failure: 'unreachable' });
  });
});
