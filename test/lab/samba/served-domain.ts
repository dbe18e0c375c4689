import { readFile, rename, writeFile } from 'node:fs/promises';
import { Client } from 'ldapts';
import { component, daemon, labFolder, until } from '../component.ts';
import { type Domain, password } from './domain.ts';
import { configurationFile, freeAddress, load, makeCopy, makeImage, restore } from './domain-controller.ts';
import type { LoadEntry } from './entry.ts';
import { whyNoSamba } from './installed.ts';

export interface SambaAccount {
  /** User principal name: what a bind takes. */
  readonly bind: string;
  readonly dn: string;
  readonly password: string;
}
/** A domain on a real domain controller. */
export interface SambaDomain {
  readonly address: string;
  readonly ldapUrl: string;
  /** The certificate names `hostName` and the address. */
  readonly ldapsUrl: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly baseDn: string;
  /** Of the domain. */
  readonly dnsName: string;
  readonly netbiosName: string;
  readonly domainSid: string;
  /** Of the domain controller. */
  readonly hostName: string;
  readonly accounts: {
    readonly admin: SambaAccount;
    /** May read changes and deleted objects. */
    readonly sync: SambaAccount;
    /** An ordinary user: may read neither. */
    readonly read: SambaAccount;
  };
  readonly pid: number;
}
interface State extends SambaDomain {
  readonly folder: string;
  readonly image: string;
  /** highestCommittedUSN of the seed data. */
  readonly usn: string;
}
/** Why there can be no domain controller on this machine. */
export interface Skip {
  readonly skip: string;
}

export const accountOf = ({ dnsName, baseDn }: Domain, name: string, container = 'OU=Service'): SambaAccount => ({
  bind: `${name}@${dnsName}`,
  dn: `CN=${name},${container},${baseDn}`,
  password,
});

/** One domain of a topology, served to this jest worker by a domain controller of its own. */
export class ServedDomain {
  readonly #domain: Domain;
  readonly #image: string;
  /**
   * One for each jest worker: a worker runs one test file at a time, so that a file has its directory to itself.
   */
  readonly #component: string;
  readonly #seeds: readonly (() => Iterable<LoadEntry>)[];
  #answer: Promise<State | Skip> | undefined;

  /** `name`: of the domain within the test run. `seeds`: loaded one after the other. */
  constructor(name: string, domain: Domain, ...seeds: (() => Iterable<LoadEntry>)[]) {
    this.#domain = domain;
    this.#image = `${name}-image`;
    this.#component = `${name}-${process.env['JEST_WORKER_ID'] ?? '1'}`;
    this.#seeds = seeds;
  }

  /** Started on first use, ended by the global tear-down. */
  open(): Promise<SambaDomain | Skip> {
    this.#answer ??= this.#firstUse();
    return this.#answer;
  }

  /** Throws away every change since the seed. Connections end; about 1.5 s. */
  reset(): Promise<SambaDomain> {
    return this.#restart((state) => restore(state.image, state.folder));
  }

  /** Adds entries in bulk. Connections end. About 4 ms a person. */
  load(entries: Iterable<LoadEntry>): Promise<SambaDomain> {
    return this.#restart((state) => load(state.folder, entries));
  }

  #imageFolder(): Promise<{ folder: string; skip?: never } | Skip> {
    return component(this.#image, async (parent) => {
      const reason = await whyNoSamba();
      if (reason !== undefined) return { skip: reason };
      const folder = `${parent}/${this.#image}`;
      await makeImage(
        folder,
        this.#domain,
        this.#seeds.map((seed) => seed()),
      );
      return { folder };
    });
  }

  async #firstUse(): Promise<State | Skip> {
    const image = await this.#imageFolder();
    if (image.skip !== undefined) return { skip: image.skip };
    let fresh = false;
    const state = await component(this.#component, async (parent) => {
      fresh = true;
      const folder = `${parent}/${this.#component}`;
      const address = await freeAddress();
      await makeCopy(image.folder, folder, this.#domain, address);
      return this.#start(await this.#description(folder, image.folder, address));
    });
    // An earlier test file of this worker may have left changes.
    return fresh || (await committedUsn(state.ldapUrl)) === state.usn
      ? state
      : this.#restarted(state, () => restore(state.image, state.folder));
  }

  async #description(folder: string, image: string, address: string): Promise<Omit<State, 'pid' | 'usn'>> {
    const { baseDn, dnsName, netbiosName, domainSid, hostName } = this.#domain;
    const caFile = `${image}/ca.pem`;
    return {
      address,
      ldapUrl: `ldap://${address}:389`,
      ldapsUrl: `ldaps://${address}:636`,
      caFile,
      caPem: await readFile(caFile, 'utf8'),
      baseDn,
      dnsName,
      netbiosName,
      domainSid,
      hostName,
      accounts: {
        admin: accountOf(this.#domain, 'Administrator', 'CN=Users'),
        sync: accountOf(this.#domain, 'svc-sync'),
        read: accountOf(this.#domain, 'svc-read'),
      },
      folder,
      image,
    };
  }

  async #start(state: Omit<State, 'pid' | 'usn'>): Promise<State> {
    const name = this.#component;
    const pid = await daemon(name, '/usr/sbin/samba', ['-i', '-M', 'single', '-s', configurationFile(state.folder)]);
    let usn = '';
    await until('the domain controller answers', async () => {
      if (!alive(pid)) throw new Error(`samba ended at once: see ${name}.log`);
      usn = (await committedUsn(state.ldapUrl)) ?? '';
      return usn !== '';
    });
    return { ...state, pid, usn };
  }

  async #restart(work: (state: State) => Promise<unknown>): Promise<SambaDomain> {
    const state = await this.open();
    if ('skip' in state) throw new Error(state.skip);
    const restarted = this.#restarted(state as State, () => work(state as State));
    this.#answer = restarted;
    return restarted;
  }

  /** Stops the server, does the work on its data, starts it again at the same address. */
  async #restarted(state: State, work: () => Promise<unknown>): Promise<State> {
    await stop(state.pid);
    await work();
    const started = await this.#start(state);
    const file = `${labFolder()}/${this.#component}.json`;
    // `usn` stays that of the seed data: the next test file must see that something was loaded.
    const description: State = { ...started, usn: state.usn };
    await writeFile(`${file}.part`, JSON.stringify(description));
    await rename(`${file}.part`, file);
    return description;
  }
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
