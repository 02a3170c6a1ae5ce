// The reference: node:http that reads a body and sends it back, and does nothing else.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.concat(chunks));
  });
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
