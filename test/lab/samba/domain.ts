import { baseDnOf } from '../../../src/sample/directory/model.ts';

/** A domain of the lab. Every domain controller of a run serves a copy of one. */
export interface Domain {
  readonly dnsName: string;
  readonly realm: string;
  readonly netbiosName: string;
  readonly baseDn: string;
  readonly domainSid: string;
  readonly mailDomain: string;
  /** Of its domain controller, without and with the domain. */
  readonly host: string;
  readonly hostName: string;
}

function domain(dnsName: string, netbiosName: string, sid: string, mailDomain: string): Domain {
  const host = `dc1-${netbiosName.toLowerCase()}`;
  return {
    dnsName,
    realm: dnsName.toUpperCase(),
    netbiosName,
    baseDn: baseDnOf(dnsName),
    domainSid: `S-1-5-21-${sid}`,
    mailDomain,
    host,
    hostName: `${host}.${dnsName}`,
  };
}

const mail = 'lockstep.test';
/** The single domain; in the topology of two, the parent has its names. */
export const corp = domain('corp.lockstep.test', 'CORP', '1111111111-1111111111-1111111111', mail);
export const emea = domain('emea.corp.lockstep.test', 'EMEA', '2222222222-2222222222-2222222222', 'emea.lockstep.test');
/** People sign in here, and have their mail in the next. */
export const accounts = domain('accounts.lockstep.test', 'ACCOUNTS', '3333333333-3333333333-3333333333', mail);
export const resource = domain('resource.lockstep.test', 'RESOURCE', '4044444444-4044444444-4044444444', mail);

/** Of every account of the lab that can bind. */
export const password = 'Lab-Passw0rd!';

export const { baseDn, dnsName, netbiosName } = corp;
