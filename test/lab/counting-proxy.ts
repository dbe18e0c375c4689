/** A TCP proxy before a plain LDAP server: counts the requests, and can cut every connection. */
import { connect, createServer, type Socket } from 'node:net';
import { MessageFramer } from '../../src/directory/message-framer.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}
export interface CountingProxy extends Place {
  /** LDAP messages that clients sent since the last call. */
  requests(): number;
  /** Connections that are open. */
  connections(): number;
  /** Ends every connection without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** @param at default: any free port */
export async function countingProxy(target: Place, at: Place = { host: '127.0.0.1', port: 0 }): Promise<CountingProxy> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    const framer = new MessageFramer();
    client.on('data', (chunk) => framer.push(chunk, () => (count += 1)));
    client.pipe(upstream).pipe(client);
    sockets.add(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(client);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(at.port, at.host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: at.host,
    port,
    requests: () => {
      const seen = count;
      count = 0;
      return seen;
    },
    connections: () => sockets.size,
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
