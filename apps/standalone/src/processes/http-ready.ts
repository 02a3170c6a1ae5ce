import { get } from 'node:http';

const ANSWER_MS = 2_000;

/** Whether `GET <url>/readyz` answers 200. Asked often while the mesh starts, so without what `fetch` costs. */
export function isHttpReady(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/readyz`, { agent: false, timeout: ANSWER_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.once('timeout', () => {
      request.destroy();
    });
    request.once('error', () => {
      resolve(false);
    });
  });
}
