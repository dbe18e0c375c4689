/** The Exchange of the sample organisation: a mailbox for each of its people, shared mailboxes, rooms and devices, as its directory says. */
import type { Organisation, ServiceAccount } from '../organisation/model.ts';
import { Random } from '../organisation/random.ts';
import { GeneratedMailbox } from './generated.ts';
import { GeneratedMailboxes, type Mailboxes, type Plan } from './mailbox-store.ts';
import type { Account } from './sign-in.ts';

export interface OrganisationExchangeOptions {
  /** In all mailboxes together, some of which have many and most few. Default: five for each person. */
  readonly messages?: number;
  /** In so many mailboxes the newest message has 100 MB attached. Default: none. */
  readonly largeMessages?: number;
}
const LARGE = 100 * 1024 * 1024;

/** Who may impersonate everybody: signs in to the directory, too. */
export interface ExchangeAccount {
  /** UPN. */
  readonly account: string;
  readonly password: string;
}

const MESSAGES_A_PERSON = 5;
/** The one service account that has ApplicationImpersonation. */
const IMPERSONATING = 'svc-lockstep';

/** The mailboxes and accounts for `startSampleExchange`. The same organisation and options give the same mail. */
export function organisationExchange(
  organisation: Organisation,
  { messages = organisation.people.length * MESSAGES_A_PERSON, largeMessages = 0 }: OrganisationExchangeOptions = {},
): { readonly mailboxes: Mailboxes; readonly accounts: Readonly<Record<string, Account>> } {
  const { seed, people, resources } = organisation;
  const correspondents = people.map(({ displayName, addresses }) => ({ name: displayName, address: addresses.primary }));
  const owners = [...people, ...resources];
  const counts = shares(owners.length, messages, new Random(`${seed} messages`));
  const plans = owners.map(({ displayName, addresses, mailboxGuid }, index): Plan => {
    const owner = { address: addresses.primary, displayName, guid: mailboxGuid };
    return {
      owner,
      aliases: addresses.aliases,
      generate: () => new GeneratedMailbox({ owner, seed, messages: counts[index] ?? 0, correspondents, large: index < largeMessages ? LARGE : undefined }),
    };
  });
  return { mailboxes: new GeneratedMailboxes(plans), accounts: accountsOf(organisation) };
}

/** The account with which to connect to it. */
export function exchangeAccount({ serviceAccounts, dnsName }: Organisation): ExchangeAccount {
  const found = serviceAccounts.find(({ name }) => name === IMPERSONATING);
  if (found === undefined) throw new Error('the sample organisation has no account that impersonates');
  return { account: `${found.name}@${dnsName}`, password: found.password };
}

/** Each active account by the names under which one signs in. */
function accountsOf({ serviceAccounts, dnsName, netbiosName }: Organisation): Record<string, Account> {
  const spellings = ({ name }: ServiceAccount) => [`${name}@${dnsName}`, `${netbiosName}\\${name}`];
  return Object.fromEntries(
    serviceAccounts
      .filter(({ state }) => state === 'active')
      .flatMap((account) => spellings(account).map((name) => [name, { password: account.password, impersonates: account.name === IMPERSONATING }])),
  );
}

/** `total` in `count` parts: few large ones, many small ones. */
function shares(count: number, total: number, random: Random): number[] {
  const weights = Array.from({ length: count }, () => 1 / (0.05 + random.next()));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let [used, weighed] = [0, 0];
  return weights.map((weight) => {
    weighed += weight;
    const upTo = Math.round((total * weighed) / all);
    const share = upTo - used;
    used = upTo;
    return share;
  });
}
