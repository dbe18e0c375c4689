/** A TCP proxy before a plain LDAP server that notes when changes are asked for, and when the answers have come. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** LDAP_SERVER_DIRSYNC_OID, as it stands in a request (MS-ADTS §3.1.1.3.4.1.3). */
const DIRSYNC = Buffer.from('1.2.840.113556.1.4.841');

export interface Poll {
  /** performance.now() of the request's first byte. */
  readonly at: number;
  /** Of the last byte of what the server has answered since. */
  answeredAt: number;
  /** This request, and what was asked for because of its answer. */
  requests: number;
}
export interface ObservingProxy {
  readonly host: string;
  readonly port: number;
  readonly polls: readonly Poll[];
  close(): Promise<void>;
}

export async function observingProxy(target: { readonly host: string; readonly port: number }): Promise<ObservingProxy> {
  const polls: Poll[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    // A request is small and comes in one piece.
    client.on('data', (chunk) => {
      const now = performance.now();
      if (chunk.includes(DIRSYNC)) polls.push({ at: now, answeredAt: now, requests: 0 });
      const poll = polls.at(-1);
      if (poll !== undefined) poll.requests += 1;
    });
    upstream.on('data', () => {
      const poll = polls.at(-1);
      if (poll !== undefined) poll.answeredAt = performance.now();
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    polls,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
