import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const openssl = async (...args: string[]): Promise<void> => {
  await promisify(execFile)('openssl', args);
};
const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes `ca.pem` and `ca.key` in the folder: a certification authority of the lab's own. */
export async function makeAuthority(folder: string, name = 'Lockstep lab CA'): Promise<void> {
  await openssl(
    'req',
    '-x509',
    ...p256,
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${folder}/ca.key`,
    '-out',
    `${folder}/ca.pem`,
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
}

/** Makes `cert.pem` and `key.pem` in `folder`, signed by the authority in `authority`. `expired`: ended yesterday. */
export async function makeCertificate(
  authority: string,
  folder: string,
  names: { readonly dns: readonly string[]; readonly ip: string },
  options: { readonly expired?: boolean } = {},
): Promise<void> {
  const alternatives = [...names.dns.map((name) => `DNS:${name}`), `IP:${names.ip}`].join(',');
  await writeFile(`${folder}/san.cnf`, `subjectAltName=${alternatives}\n`);
  await openssl(
    'req',
    ...p256,
    '-subj',
    `/CN=${names.dns[0] ?? names.ip}`,
    '-keyout',
    `${folder}/key.pem`,
    '-out',
    `${folder}/request.pem`,
  );
  await openssl(
    'x509',
    '-req',
    '-in',
    `${folder}/request.pem`,
    '-CA',
    `${authority}/ca.pem`,
    '-CAkey',
    `${authority}/ca.key`,
    '-CAcreateserial',
    '-days',
    options.expired === true ? '-1' : '30',
    '-extfile',
    `${folder}/san.cnf`,
    '-out',
    `${folder}/cert.pem`,
  );
}
