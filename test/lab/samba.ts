import { readFile, rename, writeFile } from 'node:fs/promises';
import { Client } from 'ldapts';
import { component, daemon, labFolder, until } from './component.ts';
import { baseDn, dnsName, hostName, password } from './samba/domain.ts';
import { configurationFile, freeAddress, load, makeCopy, makeImage, restore } from './samba/domain-controller.ts';
import type { LoadEntry } from './samba/entry.ts';
import { whyNoSamba } from './samba/installed.ts';

export interface SambaAccount {
  /** User principal name: what a bind takes. */
  readonly bind: string;
  readonly dn: string;
  readonly password: string;
}
/** A real Active Directory domain: seed data in samba/seed.ts. */
export interface SambaLab {
  readonly address: string;
  readonly ldapUrl: string;
  /** The certificate names `hostName` and the address. */
  readonly ldapsUrl: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly baseDn: string;
  /** Of the domain. */
  readonly dnsName: string;
  /** Of the domain controller. */
  readonly hostName: string;
  readonly accounts: {
    readonly admin: SambaAccount;
    /** May read changes and deleted objects. */
    readonly sync: SambaAccount;
    /** An ordinary user. */
    readonly read: SambaAccount;
    readonly disabled: SambaAccount;
    readonly locked: SambaAccount;
    readonly expired: SambaAccount;
    readonly mustChange: SambaAccount;
  };
  readonly pid: number;
}
interface State extends SambaLab {
  readonly folder: string;
  readonly image: string;
  /** highestCommittedUSN of the seed data. */
  readonly usn: string;
}

/** One for each jest worker: a worker runs one test file at a time, so that a file has its directory to itself. */
const name = (): string => `samba-${process.env['JEST_WORKER_ID'] ?? '1'}`;

const account = (bind: string, container: string): SambaAccount => ({
  bind: `${bind}@${dnsName}`,
  dn: `CN=${bind},${container},${baseDn}`,
  password,
});

const image = () =>
  component<{ folder: string; skip?: never } | { skip: string }>('samba-image', async (folder) => {
    const reason = await whyNoSamba();
    if (reason !== undefined) return { skip: reason };
    await makeImage(`${folder}/samba-image`);
    return { folder: `${folder}/samba-image` };
  });

async function start(state: Omit<State, 'pid' | 'usn'>): Promise<State> {
  const pid = await daemon(name(), '/usr/sbin/samba', ['-i', '-M', 'single', '-s', configurationFile(state.folder)]);
  let usn = '';
  await until('the domain controller answers', async () => {
    if (!alive(pid)) throw new Error(`samba ended at once: see ${name()}.log`);
    usn = (await committedUsn(state.ldapUrl)) ?? '';
    return usn !== '';
  });
  return { ...state, pid, usn };
}

/** Undefined while the server does not answer. */
async function committedUsn(url: string): Promise<string | undefined> {
  const client = new Client({ url, connectTimeout: 2000, timeout: 5000 });
  try {
    const { searchEntries } = await client.search('', { scope: 'base', attributes: ['highestCommittedUSN'] });
    return String(searchEntries[0]?.['highestCommittedUSN'] ?? '');
  } catch {
    return undefined;
  } finally {
    await client.unbind().catch(() => undefined);
  }
}

let answer: Promise<State | { skip: string }> | undefined;

async function firstUse(): Promise<State | { skip: string }> {
  const domain = await image();
  if (domain.skip !== undefined) return { skip: domain.skip };
  let fresh = false;
  const state = await component(name(), async (parent) => {
    fresh = true;
    const folder = `${parent}/${name()}`;
    const address = await freeAddress();
    await makeCopy(domain.folder, folder, address);
    const caFile = `${domain.folder}/ca.pem`;
    return start({
      address,
      ldapUrl: `ldap://${address}:389`,
      ldapsUrl: `ldaps://${address}:636`,
      caFile,
      caPem: await readFile(caFile, 'utf8'),
      baseDn,
      dnsName,
      hostName,
      accounts: {
        admin: account('Administrator', 'CN=Users'),
        sync: account('svc-sync', 'OU=Service'),
        read: account('svc-read', 'OU=Service'),
        disabled: account('svc-disabled', 'OU=Service'),
        locked: account('svc-locked', 'OU=Service'),
        expired: account('svc-expired', 'OU=Service'),
        mustChange: account('svc-must-change', 'OU=Service'),
      },
      folder,
      image: domain.folder,
    });
  });
  // An earlier test file of this worker may have left changes.
  return fresh || (await committedUsn(state.ldapUrl)) === state.usn
    ? state
    : restart(state, () => restore(state.image, state.folder));
}

/** Stops the server, does the work on its data, starts it again at the same address. */
async function restart(state: State, work: () => Promise<unknown>): Promise<State> {
  await stop(state.pid);
  await work();
  const started = await start(state);
  const file = `${labFolder()}/${name()}.json`;
  // `usn` stays that of the seed data: the next test file must see that something was loaded.
  const description: State = { ...started, usn: state.usn };
  await writeFile(`${file}.part`, JSON.stringify(description));
  await rename(`${file}.part`, file);
  return description;
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function stop(pid: number): Promise<void> {
  if (alive(pid)) process.kill(pid, 'SIGTERM');
  await until('the domain controller has ended', async () => !alive(pid));
}

/**
 * The domain controller of this test file, with its seed data. Started on first use, ended by the global tear-down.
 * `skip`: why there can be none on this machine; with CI=true that is an error instead.
 */
export function samba(): Promise<SambaLab | { skip: string }> {
  answer ??= firstUse();
  return answer;
}

const running = async (): Promise<State> => {
  const state = await samba();
  if ('skip' in state) throw new Error(state.skip);
  return state as State;
};

/** Throws away every change since the seed. Connections end; about 1.5 s. */
export async function resetSamba(): Promise<SambaLab> {
  const state = await running();
  answer = restart(state, () => restore(state.image, state.folder));
  return (await answer) as State;
}

/** Adds entries in bulk (samba/bulk.ts makes some). Connections end. About 4 ms a person. */
export async function loadSamba(entries: Iterable<LoadEntry>): Promise<SambaLab> {
  const state = await running();
  answer = restart(state, () => load(state.folder, entries));
  return (await answer) as State;
}
