/** What the SIDs of an object say of others: who it was, whose mailbox it is, and which group it is in. */
import type { DirectoryEntry, DirectoryObjectKind, RecipientType } from '../shared/directory.ts';
import { isNobodysAccount } from './directory-kinds.ts';

/** A SID by which an object says to be the same person as another. */
export interface SidClaim {
  readonly sid: string;
  /** `former`: its own in another domain. `master`: of the account that uses its mailbox. */
  readonly role: 'former' | 'master';
}

const sidPattern = /^S-1-\d+(?:-\d+){1,15}$/;
/**
 * Of an account in a domain, and no other: S-1-5-10 (the object itself, which Exchange gives as master of shared and room
 * mailboxes), S-1-5-32-… and the like are the same in every forest.
 * https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-dtyp/81d92bba-d22b-4a8c-908a-554ab29148ab
 */
const domainSidPattern = /^(S-1-5-21(?:-\d+){3})-\d+$/;

export const isSid = (text: string): boolean => sidPattern.test(text);

interface Claimant {
  readonly kind: DirectoryObjectKind;
  readonly recipientType: RecipientType;
  readonly accountDisabled: boolean;
  readonly attributes: DirectoryEntry['attributes'];
}

/**
 * Each claim once, sorted. The mailboxes of rooms, equipment and shared ones are nobody's, whatever they say. A master account
 * counts where the object's own cannot be used: an enabled account is its own master.
 */
export function sidClaims({ kind, recipientType, accountDisabled, attributes }: Claimant): readonly SidClaim[] {
  if (kind !== 'user' || isNobodysAccount(recipientType)) return [];
  const own = attributes['objectSid']?.[0];
  const isResource = recipientType === 'linked-mailbox' || accountDisabled;
  const claims = (role: SidClaim['role'], values: readonly string[] = []): SidClaim[] =>
    [...new Set(values)].filter((sid) => domainSidPattern.test(sid) && sid !== own).sort().map((sid) => ({ sid, role }));
  return [...claims('former', attributes['sIDHistory']), ...(isResource ? claims('master', attributes['msExchMasterAccountSid']) : [])];
}

/** The group of primaryGroupID, which is of the object's own domain: https://learn.microsoft.com/windows/win32/adschema/a-primarygroupid */
export function primaryGroupSid(sid: string | null, attributes: DirectoryEntry['attributes']): string | null {
  const [, domain] = domainSidPattern.exec(sid ?? '') ?? [];
  const rid = attributes['primaryGroupID']?.[0];
  return domain === undefined || rid === undefined || !/^\d{1,10}$/.test(rid) ? null : `${domain}-${rid}`;
}
