import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const provisionData = '/usr/share/samba/setup/provision.ldif';

const works = async (command: string, ...args: string[]): Promise<boolean> => {
  try {
    await run(command, args);
    return true;
  } catch {
    return false;
  }
};

/** What is missing for a domain controller, in words; undefined when nothing is. */
async function missing(): Promise<string | undefined> {
  if (!existsSync('/usr/sbin/samba')) return 'Samba is not installed (see test/lab/samba/install.sh)';
  if (!existsSync(provisionData)) return 'the package samba-ad-provision is not installed';
  if (!(await works('/usr/bin/python3', '-c', 'import samba.provision, samba.samdb')))
    return 'python3-samba is not installed';
  if (!(await works('ldapsearch', '-VV'))) return 'ldapsearch (ldap-utils) is not installed';
  if (!(await works('openssl', 'version'))) return 'openssl is not installed';
  return undefined;
}

/**
 * Makes sure that a domain controller can run here, installing Samba where that is possible (root and apt). Answers why
 * not: then tests are skipped, except in continuous integration, where their absence would go unseen.
 */
export async function whyNoSamba(): Promise<string | undefined> {
  let reason =
    userInfo().uid === 0 ? await missing() : 'a domain controller needs root: the LDAP ports 389 and 636 are fixed';
  if (reason !== undefined && userInfo().uid === 0 && existsSync('/usr/bin/apt-get')) {
    try {
      await run('sh', [fileURLToPath(new URL('install.sh', import.meta.url))]);
      reason = await missing();
    } catch (error) {
      reason = `${reason}; installing it failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (reason !== undefined && process.env['CI'] === 'true')
    throw new Error(`the tests need a domain controller: ${reason}`);
  return reason;
}
