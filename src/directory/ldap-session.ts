import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { DirectorySettings } from '../shared/directory.ts';
import { controllerEndpoint, findEndpoints, type Resolver, systemResolver } from './discovery.ts';
import { LdapConnection, type LdapTimeouts, defaultTimeouts } from './ldap-connection.ts';
import { caInvalid, type Endpoint } from './ldap-errors.ts';

/** How to get from settings to a session that is signed in. Each step is one function, because the test shows each. */
export interface SessionOptions {
  readonly settings: DirectorySettings;
  readonly password: string;
  readonly resolver?: Resolver;
  readonly timeouts?: LdapTimeouts;
  /** dnsHostName of the one controller to ask, where DNS names several. */
  readonly controller?: string;
}

export async function resolve({ settings, resolver = systemResolver, controller }: SessionOptions): Promise<readonly Endpoint[]> {
  const one = controller === undefined ? null : controllerEndpoint(settings, controller);
  return one === null ? findEndpoints(settings, resolver) : [one];
}

/** Connects to the first endpoint that answers. Throws the failure of the first: it was the best one. */
export async function connect(endpoints: readonly Endpoint[], options: SessionOptions, signal: AbortSignal): Promise<LdapConnection> {
  const { timeouts = defaultTimeouts, resolver = systemResolver } = options;
  const failures: unknown[] = [];
  for (const endpoint of endpoints) {
    try {
      return await LdapConnection.connect(endpoint, { timeouts, signal, ...(resolver.lookup === undefined ? {} : { lookup: resolver.lookup }) });
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures[0];
}

/** Protects the connection as the settings say; null when they say not to. */
export async function protect(connection: LdapConnection, { settings }: SessionOptions): Promise<{ readonly protocol: string } | null> {
  if (settings.security === 'plain') return null;
  if (settings.security === 'starttls') await connection.startTls();
  return connection.secure({
    secureContext: trust(settings.caPem),
    // SNI holds names only (RFC 6066 §3); an address is still checked against the certificate.
    ...(isIP(connection.endpoint.host) === 0 ? { servername: connection.endpoint.host } : {}),
  });
}

/** A session that is connected, protected and signed in. The caller closes it. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<LdapConnection> {
  const connection = await connect(await resolve(options), options, signal);
  try {
    await protect(connection, options);
    await connection.bind(options.settings.account, options.password);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

let system: SecureContext | undefined;

/**
 * Whom to trust: the settings' authority alone, else those of the operating system (Node's own list where it has none). The
 * system's are read once: loading some 150 certificates takes longer than a small directory.
 */
const trust = (caPem: string | undefined): SecureContext =>
  caPem === undefined ? (system ??= contextOf(systemAuthorities())) : contextOf(authoritiesIn(caPem));

const contextOf = (ca: string[]): SecureContext => createSecureContext({ ca, minVersion: 'TLSv1.2' });

/** OpenSSL passes over text without a certificate in silence, and then trusts nobody. */
function authoritiesIn(caPem: string): string[] {
  const blocks = caPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    throw caInvalid(error);
  }
  if (blocks.length === 0) throw caInvalid();
  return blocks;
}

function systemAuthorities(): string[] {
  const authorities = getCACertificates('system');
  return authorities.length > 0 ? authorities : getCACertificates('bundled');
}
