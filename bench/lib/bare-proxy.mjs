// The reference for the gateway: node:http and undici, passing the same bytes on to the same replica with a token minted ahead, and nothing else.
import { createServer } from 'node:http';
import { Pool } from 'undici';

let token = '';

function serve(origin) {
  const pool = new Pool(origin, { connections: 256, pipelining: 1 });
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      pool.dispatch(
        { path: request.url, method: request.method, headers, body },
        {
          onRequestStart() {},
          onResponseStart: (_controller, status, answered) => response.writeHead(status, answered),
          onResponseData: (_controller, chunk) => response.write(chunk),
          onResponseEnd: () => response.end(),
          onResponseError: (_controller, error) => response.destroy(error),
        },
      );
    });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

process.on('message', (message) => {
  if (message.token) token = message.token;
  if (message.origin) serve(message.origin);
});
