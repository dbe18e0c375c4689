/** Changes of the directory as an administrator makes them: over LDAP, one by one. */
import { Attribute, Change, Client } from 'ldapts';
import type { SambaLab } from '../samba.ts';

export type Values = Readonly<Record<string, string | readonly string[]>>;

export interface DirectoryAdministrator {
  create(dn: string, attributes: Values): Promise<void>;
  /** Replaces the attributes; an empty list removes one. */
  modify(dn: string, attributes: Values): Promise<void>;
  addValues(dn: string, attributes: Values): Promise<void>;
  removeValues(dn: string, attributes: Values): Promise<void>;
  /** Renames or moves. */
  move(dn: string, newDn: string): Promise<void>;
  remove(dn: string): Promise<void>;
  close(): Promise<void>;
}

const list = (value: string | readonly string[]): string[] => (typeof value === 'string' ? [value] : [...value]);

/** Bound as the domain's administrator. `close()` ends the connection. */
export async function administrator(lab: SambaLab): Promise<DirectoryAdministrator> {
  const client = new Client({ url: lab.ldapUrl, connectTimeout: 10_000, timeout: 60_000 });
  await client.bind(lab.accounts.admin.bind, lab.accounts.admin.password);
  const change = (operation: 'add' | 'delete' | 'replace') => (dn: string, attributes: Values) =>
    client.modify(
      dn,
      Object.entries(attributes).map(
        ([type, value]) => new Change({ operation, modification: new Attribute({ type, values: list(value) }) }),
      ),
    );
  return {
    create: (dn, attributes) =>
      client.add(
        dn,
        Object.entries(attributes).map(([type, value]) => new Attribute({ type, values: list(value) })),
      ),
    modify: change('replace'),
    addValues: change('add'),
    removeValues: change('delete'),
    move: (dn, newDn) => client.modifyDN(dn, newDn),
    remove: (dn) => client.del(dn),
    close: () => client.unbind(),
  };
}
