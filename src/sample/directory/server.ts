import type { Faults } from './faults.ts';
import type { Limits } from './limits.ts';
import type { Attributes, DirectoryModel, DirectoryObject } from './model.ts';

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
  /** What is in it now, by DN; for comparing. */
  objects(): Iterable<DirectoryObject>;
  add(object: DirectoryObject): void;
  /** Replaces the attributes; an empty list removes one. */
  modify(dn: string, attributes: Attributes): void;
  remove(dn: string): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

export declare function startSampleDirectory(options: SampleDirectoryOptions): Promise<SampleDirectory>;
