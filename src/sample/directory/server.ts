/**
 * A small Active Directory: one domain, one domain controller, reading only over LDAP. It has what Samba has not (pages
 * of 1,000, ranges of 1,500 values, DirSync in rounds, size and time limits, referrals between the domains of a forest),
 * and faults on demand. The conformance suite (test/conformance) asks it and a real domain controller the same.
 * Not here: the recycle bin, the global catalog, writing over LDAP, access control beyond `Grants`.
 */
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Accounts } from './accounts.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { Faults } from './faults.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Grants } from './grants.ts';
import type { Attributes, DirectoryModel, DirectoryObject } from './model.ts';
import type { Backup } from './object-table.ts';
import { DirectoryStore } from './store.ts';

export interface SampleDirectoryOptions {
  readonly model: DirectoryModel;
  /** Loopback address; default 127.0.0.1. */
  readonly host?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** PEM. `ldaps`: from the first byte; `starttls`: when the client asks. Without: plain only. */
  readonly tls?: { readonly mode: 'ldaps' | 'starttls'; readonly key: string; readonly cert: string };
  /** Refuses a simple bind without TLS (result 8), as a domain controller that demands signing. */
  readonly requireTls?: boolean;
  readonly limits?: Partial<Limits>;
}

/** A running sample directory. */
export interface SampleDirectory {
  /** `ldap://…` or `ldaps://…` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly baseDn: string;
  readonly faults: Faults;
  /** What is in it now, without what is deleted; for comparing. */
  objects(): Iterable<DirectoryObject>;
  /** See `Editor` for these: changes while it is read. */
  put(object: DirectoryObject): void;
  modify(dn: string, attributes: Attributes): void;
  addValues(dn: string, values: Attributes): void;
  removeValues(dn: string, values: Attributes): void;
  move(dn: string, newDn: string): void;
  remove(dn: string): void;
  /** Tombstones go, as they do after 180 days; DirSync cookies that do not know of them are refused from then on. */
  expireTombstones(): void;
  /** Replaces what an account (by sAMAccountName) may do, also for those who have bound already. */
  grant(account: string, grants: Grants): void;
  backup(): Backup;
  /**
   * Goes back to a backup. `kept`: as when a virtual machine is set back, so that USNs are given out twice under the
   * same invocationId; `new`: as it should be done.
   */
  restore(backup: Backup, invocation: 'kept' | 'new'): void;
  /** Another domain controller answers from now on: same objects, other USNs, another invocationId. */
  replaceServer(): void;
  /** Connections that are open. */
  connections(): number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Starts a sample directory. Rejects when the port is taken or the certificate is no good. */
export async function startSampleDirectory(options: SampleDirectoryOptions): Promise<SampleDirectory> {
  const { model, host = '127.0.0.1', tls } = options;
  const store = new DirectoryStore(model);
  const { editor } = store;
  const faults = new Faults();
  const secureContext = tls === undefined ? undefined : createSecureContext({ key: tls.key, cert: tls.cert });
  const context: ConnectionContext = {
    store,
    dnsName: model.dnsName,
    faults,
    limits: { ...defaultLimits, ...options.limits },
    accounts: new Accounts(model, store),
    secureContext: tls?.mode === 'starttls' ? secureContext : undefined,
    requireTls: options.requireTls ?? false,
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (faults.takeAt('cut', 'connect') !== undefined) socket.destroy();
    else if (faults.takeAt('hang', 'connect') !== undefined) socket.resume();
    else if (tls?.mode === 'ldaps' && secureContext !== undefined)
      new Connection(new TLSSocket(socket, { isServer: true, secureContext }), context);
    else new Connection(socket, context);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  return {
    url: `${tls?.mode === 'ldaps' ? 'ldaps' : 'ldap'}://${host}:${port}`,
    host,
    port,
    baseDn: store.controller.baseDn,
    faults,
    objects: () => store.objects(),
    put: (object) => editor.put(object),
    modify: (dn, attributes) => editor.modify(dn, attributes),
    addValues: (dn, values) => editor.addValues(dn, values),
    removeValues: (dn, values) => editor.removeValues(dn, values),
    move: (dn, newDn) => editor.move(dn, newDn),
    remove: (dn) => editor.remove(dn),
    expireTombstones: () => store.expireTombstones(),
    grant: (account, grants) => context.accounts.grant(account, grants),
    backup: () => store.backup(),
    restore: (backup, invocation) => store.restore(backup, invocation),
    replaceServer: () => store.replaceServer(),
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
