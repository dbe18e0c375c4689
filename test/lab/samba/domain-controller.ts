/**
 * A Samba domain controller: made once as an image, then any number of running copies, each on an address of its own
 * because the LDAP ports are fixed. Facts that cost time to find:
 * - `interfaces` must be written as 127.x.y.z/8: with /32 or nothing samba runs and listens nowhere.
 * - One process in the foreground (`-i -M single`) ends with a SIGTERM; only the ldap service is needed.
 * - On a disk with real fsync provisioning takes five times as long as in memory.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeAuthority, makeCertificate } from '../certificates.ts';
import { type Domain, password } from './domain.ts';
import { type LoadEntry, loadLine } from './entry.ts';

const python = async (
  script: string,
  args: readonly string[],
  input: Iterable<string> | AsyncIterable<string> = [],
): Promise<string> => {
  // Debian's own interpreter: Samba's modules belong to it, whatever else is on the PATH.
  const child = spawn('/usr/bin/python3', ['-B', fileURLToPath(new URL(script, import.meta.url)), ...args]);
  const output: string[] = [];
  const complaints: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  // A script that ends early breaks the pipe; its exit code and words say more.
  await pipeline(Readable.from(input), child.stdin).catch(() => undefined);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${complaints.join('').slice(-2000)}`);
  return output.join('');
};

const configuration = (
  { host, realm, netbiosName }: Domain,
  folder: string,
  address: string,
  authority: string,
): string => `[global]
 netbios name = ${host}
 realm = ${realm}
 workgroup = ${netbiosName}
 server role = active directory domain controller
 server services = ldap
 interfaces = ${address}/8
 bind interfaces only = yes
 disable netbios = yes
 private dir = ${folder}/data/private
 lock directory = ${folder}/data
 state directory = ${folder}/data/state
 cache directory = ${folder}/data/cache
 binddns dir = ${folder}/data/bind-dns
 pid directory = ${folder}/run
 ncalrpc dir = ${folder}/run/ncalrpc
 ntp signd socket directory = ${folder}/run/ntp
 winbindd socket directory = ${folder}/run/winbindd
 log file = ${folder}/run/log.samba
 ldap server require strong auth = no
 tls enabled = yes
 tls keyfile = ${folder}/tls/key.pem
 tls certfile = ${folder}/tls/cert.pem
 tls cafile = ${authority}/ca.pem
 dsdb:schema update allowed = yes
`;

/** Where samba reads its settings. */
export const configurationFile = (folder: string): string => `${folder}/smb.conf`;

async function configure(domain: Domain, folder: string, address: string, authority: string): Promise<void> {
  for (const part of ['run/ncalrpc', 'run/winbindd', 'tls', 'data/cache'])
    await mkdir(`${folder}/${part}`, { recursive: true });
  await mkdir(`${folder}/run/ntp`, { recursive: true, mode: 0o750 });
  await writeFile(configurationFile(folder), configuration(domain, folder, address, authority));
}

/**
 * Makes the domain in `folder`: databases, Exchange's schema, the seeds one after the other, a certification authority,
 * and the right of `svc-sync` to read changes and deleted objects. 5 to 10 s.
 */
export async function makeImage(folder: string, domain: Domain, seeds: readonly Iterable<LoadEntry>[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const address = '127.0.0.1';
  const wanted = {
    folder: `${folder}/data`,
    realm: domain.realm,
    domain: domain.netbiosName,
    domainSid: domain.domainSid,
    host: domain.host,
    address,
    adminPassword: password,
  };
  await Promise.all([python('provision.py', [], [JSON.stringify(wanted)]), makeAuthority(folder)]);
  await configure(domain, folder, address, folder);
  await python('exchange_schema.py', [configurationFile(folder)]);
  for (const seed of seeds) await load(folder, seed);
  await python('grant_changes.py', [configurationFile(folder), 'svc-sync']);
}

/** Makes a copy of the image that will serve on the address. */
export async function makeCopy(image: string, folder: string, domain: Domain, address: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await restore(image, folder);
  await configure(domain, folder, address, image);
  await makeCertificate(image, `${folder}/tls`, { dns: [domain.hostName, domain.dnsName], ip: address });
}

/** Puts the image's data back. The server must be stopped. */
export async function restore(image: string, folder: string): Promise<void> {
  await rm(`${folder}/data`, { recursive: true, force: true });
  await promisify(execFile)('cp', ['-a', '--sparse=always', `${image}/data`, `${folder}/data`]);
}

/** Adds entries. The server must be stopped. About 4 ms a person without a password, 30 ms with one. */
export async function load(folder: string, entries: Iterable<LoadEntry> | AsyncIterable<LoadEntry>): Promise<number> {
  const lines = async function* () {
    for await (const entry of entries) yield loadLine(entry);
  };
  return Number(await python('load.py', [configurationFile(folder)], lines()));
}

/** A loopback address on which nobody listens at the LDAP ports. Random, so that runs in parallel do not meet. */
export async function freeAddress(): Promise<string> {
  const part = () => 1 + Math.floor(Math.random() * 254);
  for (let attempt = 0; attempt < 50; attempt++) {
    const address = `127.${part()}.${part()}.${part()}`;
    if ((await free(address, 389)) && (await free(address, 636))) return address;
  }
  throw new Error('another server listens at port 389 or 636 of every address');
}

const free = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
