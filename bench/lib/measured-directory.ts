/** The directories that are measured: a real domain controller, a server that costs nearly nothing, and the sample directory. */
import { mkdtemp } from 'node:fs/promises';
import { startSampleDirectory } from '../../src/sample/directory/server.ts';
import { labFolder } from '../../test/lab/component.ts';
import { freePort } from '../../test/lab/ports.ts';
import { loadSamba, resetSamba, samba } from '../../test/lab/samba.ts';
import { bulk } from '../../test/lab/samba/bulk.ts';
import { administrator } from '../../test/lab/samba/changes.ts';
import { corp, password } from '../../test/lab/samba/domain.ts';
import { sampleModel } from '../../test/lab/samba/sample-model.ts';
import { seed } from '../../test/lab/samba/seed.ts';
import type { DirectoryEdits } from './changes.ts';
import { type DirectorySize, TEAM_SIZE } from './directory-size.ts';
import { slapdAccount, slapdBase, startSlapd } from './slapd.ts';

export interface MeasuredDirectory {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly base: string;
  readonly bind: string;
  readonly password: string;
  readonly pid: number;
  /** Whether ldapsearch gets everything in one search: it does not follow ranges of members. */
  readonly peer: boolean;
  /** Absent: it tells no changes. */
  readonly edits?: DirectoryEdits;
  stop(): Promise<void>;
}

export const sourceNames = ['slapd', 'samba', 'sample'] as const;
export type SourceName = (typeof sourceNames)[number];

export const openDirectory: Readonly<Record<SourceName, (size: DirectorySize) => Promise<MeasuredDirectory>>> = {
  slapd: async (size) => {
    const port = await freePort();
    const server = await startSlapd(await mkdtemp(`${labFolder()}/slapd-`), port, size);
    return { url: server.url, host: '127.0.0.1', port, base: slapdBase, ...slapdAccount, pid: server.pid, peer: true, stop: () => server.stop() };
  },

  samba: async (size) => {
    const present = await samba();
    if ('skip' in present) throw new Error(present.skip);
    await resetSamba();
    const domain = await loadSamba(entriesOf(size));
    const edits = await administrator(domain);
    const { address: host, ldapUrl: url, baseDn: base, pid } = domain;
    const { bind } = domain.accounts.sync;
    return { url, host, port: 389, base, bind, password, pid, peer: true, edits, stop: () => edits.close() };
  },

  // In this process: only what it is asked for while a change is read counts, and that is little.
  sample: async (size) => {
    const model = sampleModel(corp, [...seed(new Date()), ...entriesOf(size)]);
    const directory = await startSampleDirectory({ model });
    const { url, host, port, baseDn: base } = directory;
    const edits: DirectoryEdits = {
      modify: async (dn, attributes) => directory.modify(dn, attributes),
      addValues: async (dn, values) => directory.addValues(dn, values),
      removeValues: async (dn, values) => directory.removeValues(dn, values),
      move: async (dn, newDn) => directory.move(dn, newDn),
    };
    return { url, host, port, base, bind: `svc-sync@${corp.dnsName}`, password, pid: process.pid, peer: false, edits, stop: () => directory.close() };
  },
};

const entriesOf = ({ people, teams }: DirectorySize) => bulk({ people, groups: teams, groupSize: TEAM_SIZE });
