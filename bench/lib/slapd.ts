/**
 * OpenLDAP's slapd with a synthetic domain that looks like Active Directory to a reader: the attributes and classes that a
 * reading asks for, and the rootDSE attributes by which Lockstep recognises AD. It is the fast server: what it leaves of
 * the time is the client's.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { Client } from 'ldapts';
import { until } from '../../test/lab/component.ts';
import { type DirectorySize, teamMembers } from './directory-size.ts';

export const slapdBase = 'dc=corp,dc=example';
export const slapdAccount = { bind: `cn=admin,${slapdBase}`, password: 'bench' };

const text = ['msExchHomeServerName', 'msExchUserCulture', 'mailNickname', 'legacyExchangeDN', 'targetAddress', 'company',
  'extensionAttribute4', 'extensionAttribute15', 'sAMAccountName', 'userPrincipalName', 'department',
  'countryCode', 'wWWHomePage', 'msExchRBACPolicyLink', 'defaultNamingContext', 'dnsHostName', 'highestCommittedUSN',
  'configurationNamingContext', 'rootDomainNamingContext', 'schemaNamingContext', 'isGlobalCatalogReady', 'isSynchronized',
  'supportedCapabilities', 'dsServiceName', 'serverName'];
const lists = ['proxyAddresses'];
const integers = ['userAccountControl', 'primaryGroupID', 'groupType', 'msExchRecipientTypeDetails', 'msExchRecipientDisplayType'];
const bytes = ['objectGUID', 'objectSid', 'msExchMailboxGuid'];
const unusedClasses = ['computer', 'contact', 'msExchDynamicDistributionList', 'publicFolder', 'container', 'builtinDomain', 'foreignSecurityPrincipal'];

function schema(): string {
  let number = 0;
  const attribute = (name: string, rest: string) => `attributetype ( 1.3.6.1.4.1.99999.1.${++number} NAME '${name}' ${rest} )`;
  const single = [...text, 'whenCreated'];
  const own = [...text, ...lists, ...integers, ...bytes, 'whenCreated'];
  const may = [...own.filter((name) => !['supportedCapabilities', 'highestCommittedUSN'].includes(name)), 'mail', 'displayName', 'manager'];
  return [
    ...single.map((name) => attribute(name, "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE")),
    ...lists.map((name) => attribute(name, "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15")),
    ...integers.map((name) => attribute(name, "EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE")),
    ...bytes.map((name) => attribute(name, "EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE")),
    `objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( ${may.join(' $ ')} ) )`,
    `objectclass ( 1.3.6.1.4.1.99999.2.2 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( member $ description $ ${may.join(' $ ')} ) )`,
    "objectclass ( 1.3.6.1.4.1.99999.2.3 NAME 'domainDNS' SUP top STRUCTURAL MUST dc MAY objectGUID )",
    "objectclass ( 1.3.6.1.4.1.99999.2.4 NAME 'adUnit' SUP organizationalUnit STRUCTURAL MAY objectGUID )",
    // A filter is undefined, and nothing passes, as soon as it denies a class that slapd does not know.
    ...unusedClasses.map((name, index) => `objectclass ( 1.3.6.1.4.1.99999.3.${index} NAME '${name}' SUP top ABSTRACT )`),
  ].join('\n');
}

const guid = (seed: string) => createHash('md5').update(seed).digest().toString('base64');
const sid = (rid: number) => {
  const buffer = Buffer.from('0105000000000005150000001111111122222222333333330000', 'hex').subarray(0, 24);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(rid);
  return Buffer.concat([buffer, tail]).toString('base64');
};
const personDn = (index: number) => `cn=User ${index},ou=Dept${index % 10},ou=Users,${slapdBase}`;

async function writeLdif(file: string, { people, teams }: DirectorySize): Promise<void> {
  const out = createWriteStream(file);
  const write = async (entry: string) => {
    if (!out.write(`${entry}\n`)) await once(out, 'drain');
  };
  await write(`dn: ${slapdBase}\nobjectClass: domainDNS\ndc: corp\nobjectGUID:: ${guid('corp')}\n`);
  const unit = (name: string, parent: string) => write(`dn: ou=${name},${parent}\nobjectClass: adUnit\nou: ${name}\nobjectGUID:: ${guid(`unit ${name}`)}\n`);
  for (const name of ['Users', 'Groups']) await unit(name, slapdBase);
  for (let dept = 0; dept < 10; dept++) await unit(`Dept${dept}`, `ou=Users,${slapdBase}`);
  for (let i = 0; i < people; i++) {
    const name = `user${i}`;
    await write(
      `dn: ${personDn(i)}\nobjectClass: user\ncn: User ${i}\nsn: Number ${i}\ngivenName: User\ndisplayName: User Number ${i}\n` +
        `mail: ${name}@corp.example\nsAMAccountName: ${name}\nuserPrincipalName: ${name}@corp.example\nuserAccountControl: ${i % 20 === 0 ? 514 : 512}\n` +
        `primaryGroupID: 513\nobjectGUID:: ${guid(name)}\nobjectSid:: ${sid(1000 + i)}\nmsExchMailboxGuid:: ${guid(`mailbox ${i}`)}\n` +
        `msExchRecipientTypeDetails: 1\nmsExchRecipientDisplayType: 1073741824\nproxyAddresses: SMTP:${name}@corp.example\n` +
        `proxyAddresses: smtp:u${i}@old.example\nproxyAddresses: X500:/o=Corp/ou=Exchange/cn=Recipients/cn=${name}\nmailNickname: ${name}\n` +
        `legacyExchangeDN: /o=Corp/ou=Exchange Administrative Group/cn=Recipients/cn=${name}\ntitle: Engineer ${i % 7}\ndepartment: Department ${i % 40}\n` +
        `company: Corp\ntelephoneNumber: +49 30 ${String(i).padStart(7, '0')}\nphysicalDeliveryOfficeName: Office ${i % 12}\nl: Berlin\npostalCode: 10115\n` +
        `streetAddress: Street ${i % 100}\nwhenCreated: 20240115${String(i % 24).padStart(2, '0')}0000.0Z\ndescription: Synthetic account ${i}\n` +
        (i > 0 ? `manager: ${personDn(Math.floor(i / 10))}\n` : ''),
    );
  }
  const group = (name: string, members: string[]) =>
    write(
      `dn: cn=${name},ou=Groups,${slapdBase}\nobjectClass: group\ncn: ${name}\nsAMAccountName: ${name}\nobjectGUID:: ${guid(`group ${name}`)}\n` +
        `groupType: -2147483646\nmail: ${name}@corp.example\nwhenCreated: 20240115000000.0Z\n${members.map((dn) => `member: ${dn}\n`).join('')}`,
    );
  for (let team = 0; team < teams; team++) await group(`group${team}`, teamMembers(team, people).map(personDn));
  await group('everybody', Array.from({ length: people }, (_, index) => personDn(index)));
  out.end();
  await finished(out);
}

export interface Slapd {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Loads the domain offline and serves it on loopback. */
export async function startSlapd(folder: string, port: number, size: DirectorySize): Promise<Slapd> {
  await mkdir(`${folder}/db`, { recursive: true });
  await writeFile(`${folder}/ad.schema`, schema());
  await writeFile(
    `${folder}/rootdse.ldif`,
    `dn:\ndefaultNamingContext: ${slapdBase}\ndnsHostName: localhost\nhighestCommittedUSN: 1\nisSynchronized: TRUE\nsupportedCapabilities: 1.2.840.113556.1.4.800\n`,
  );
  await writeFile(
    `${folder}/slapd.conf`,
    [
      ...['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`),
      `include ${folder}/ad.schema`,
      `pidfile ${folder}/slapd.pid`,
      `rootDSE ${folder}/rootdse.ldif`,
      'modulepath /usr/lib/ldap',
      'moduleload back_mdb',
      'sizelimit unlimited',
      'threads 4',
      'database mdb',
      `suffix "${slapdBase}"`,
      `rootdn "${slapdAccount.bind}"`,
      `rootpw ${slapdAccount.password}`,
      `directory ${folder}/db`,
      'maxsize 4294967296',
      'index objectClass eq',
      'index mail,proxyAddresses pres',
    ].join('\n'),
  );
  await writeLdif(`${folder}/data.ldif`, size);
  execFileSync('/usr/sbin/slapadd', ['-q', '-f', `${folder}/slapd.conf`, '-l', `${folder}/data.ldif`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `ldap://127.0.0.1:${port}`;
  // `-d 0` keeps it in the foreground: it ends with this process.
  const child: ChildProcess = spawn('/usr/sbin/slapd', ['-d', '0', '-f', `${folder}/slapd.conf`, '-h', `${url}/`], { stdio: 'inherit' });
  await until('slapd answers', async () => {
    const client = new Client({ url, connectTimeout: 1000 });
    try {
      await client.bind(slapdAccount.bind, slapdAccount.password);
      return true;
    } catch {
      return false;
    } finally {
      await client.unbind().catch(() => undefined);
    }
  });
  if (child.pid === undefined) throw new Error('slapd has no pid');
  return {
    url,
    port,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
