/** Stands between a client and an Exchange and notes what they say. */
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';

export interface Exchanged {
  readonly request: string;
  readonly status: number;
  readonly answer: string;
}
export interface Recorder {
  /** As the Exchange behind it. */
  readonly url: string;
  readonly exchanged: readonly Exchanged[];
  close(): Promise<void>;
}

/** Passes everything on to `url`, uncompressed. Not for NTLM, which proves a connection. */
export async function recorder(url: string): Promise<Recorder> {
  const target = new URL(url);
  const exchanged: Exchanged[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await all(request);
    const headers = { ...request.headers, 'accept-encoding': 'identity' };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers }, resolve).once('error', reject).end(body);
    });
    const given = await all(answer);
    exchanged.push({ request: body.toString(), status: answer.statusCode ?? 0, answer: given.toString() });
    const answered = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name !== 'transfer-encoding'));
    response.writeHead(answer.statusCode ?? 500, { ...answered, 'content-length': given.length }).end(given);
  };
  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    exchanged,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function all(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
