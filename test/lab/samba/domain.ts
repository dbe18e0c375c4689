/** The one domain of the lab. Every domain controller of a run serves it, each with a copy of its own. */
export const dnsName = 'corp.lockstep.test';
export const realm = dnsName.toUpperCase();
export const netbiosName = 'CORP';
export const host = 'dc1';
export const hostName = `${host}.${dnsName}`;
export const baseDn = 'DC=corp,DC=lockstep,DC=test';
export const domainSid = 'S-1-5-21-1111111111-1111111111-1111111111';
export const mailDomain = 'lockstep.test';
/** Of every account of the lab that can bind. */
export const password = 'Lab-Passw0rd!';
