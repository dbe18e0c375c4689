/**
 * The first steps towards a server, one at a time, so that it is seen which one fails: address, connection (through the proxy, where there
 * is one), TLS with its certificate. What reads mailboxes does the same at once.
 */
import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { statusError } from './http-errors.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export const endpointOf = (url: URL): Endpoint => ({
  // Brackets belong to the URL, not to an IPv6 address.
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
});

/** Addresses of a name. @throws what DNS says */
export const addressesOf = async (host: string): Promise<string[]> => (await lookup(host, { all: true })).map(({ address }) => address);

export function openSocket({ host, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** A connection to `target` through the proxy. @throws LockstepError as statusError when the proxy refuses */
export function openTunnel(proxy: URL, target: Endpoint, signal: AbortSignal): Promise<Socket> {
  const { host, port } = endpointOf(proxy);
  const name = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const credential = proxy.username === '' ? undefined : `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      host, port, signal, method: 'CONNECT', path: name, agent: false,
      headers: { host: name, ...(credential === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credential).toString('base64')}` }) },
    });
    asked.once('connect', ({ statusCode: status = 0, headers }, socket: Socket) => {
      if (status >= 200 && status < 300) {
        resolve(socket);
        return;
      }
      socket.destroy();
      const answer = { status, contentType: headers['content-type'] ?? '', retryAfter: headers['retry-after'], location: headers.location };
      reject(statusError(answer, `The proxy ${proxy.host}`, new Date()) ?? new Error(`the proxy answered ${status}`));
    });
    asked.once('error', reject);
    asked.end();
  });
}

export interface SecuredConnection {
  /** TLSv1.3 … */
  readonly protocol: string;
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: Date;
}

/** Shakes hands on `socket` and ends it. @throws what TLS says: the chain, the name, the time */
export function probeTls(socket: Socket, { host }: Endpoint, caPem: string | undefined, signal: AbortSignal): Promise<SecuredConnection> {
  return new Promise((resolve, reject) => {
    const secured = connectTls({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...(caPem === undefined ? {} : { ca: caPem }) }, () => {
      const { subject, issuer, valid_to: validTo } = secured.getPeerCertificate();
      resolve({ protocol: secured.getProtocol() ?? 'TLS', subject: commonName(subject), issuer: commonName(issuer), validTo: new Date(validTo) });
      secured.destroy();
    });
    secured.once('error', reject);
    secured.once('close', () => reject(Object.assign(new Error('the connection was ended'), { code: 'ECONNRESET' })));
    signal.addEventListener('abort', () => secured.destroy(signal.reason as Error), { once: true });
  });
}

const commonName = ({ CN, O }: { readonly CN?: string | string[]; readonly O?: string | string[] }): string => [CN ?? O ?? 'unnamed'].flat().join(', ');
