/** Three domains that change at random, as administrators change them. The same seed makes the same changes. */
import { isWithin, parentDn, rdnValue } from '../../../src/ldap-filter/dn.ts';
import { sidText } from '../../../src/ldap-filter/sid.ts';
import type { Limits } from '../../../src/sample/directory/limits.ts';
import type { Attributes, DirectoryObject } from '../../../src/sample/directory/model.ts';
import { Random } from '../../../src/sample/organisation/random.ts';
import { classes, INTERN, type Role, roles, startDomains, type WorldDomain } from './domains.ts';

export interface WorldOptions {
  /**
   * No object gets two names between two rounds, and none comes back in the round in which it was deleted. A name that nobody was
   * told of cannot be understood before the next full reading (src/archive/directory-names.ts), and nobody is told which groups
   * one has left that was away for a moment: so what a watcher alone must bring is compared only where there is none of it.
   */
  readonly oneNameARound: boolean;
  readonly limits?: Partial<Limits>;
}

interface Thing {
  readonly dn: string;
  readonly id: string;
  readonly attributes: Attributes;
}
/** A group's member of another domain: whoever renames the one renames it in the other, as the infrastructure master does. */
interface ForeignMember {
  readonly groups: WorldDomain;
  readonly group: string;
  readonly members: WorldDomain;
  readonly member: string;
  dn: string;
}

export class RandomWorld {
  readonly name: string;
  readonly domains: Readonly<Record<Role, WorldDomain>>;
  /** What was done, in order. */
  readonly history: string[] = [];
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #foreign: ForeignMember[] = [];
  readonly #deleted: { readonly domain: WorldDomain; readonly object: DirectoryObject; readonly round: number }[] = [];
  /** Ids of those that got a name in this round. */
  readonly #named = new Set<string>();
  /** Names that somebody had. */
  readonly #former: { readonly domain: WorldDomain; readonly dn: string }[] = [];
  #round = 0;
  #count = 0;
  #marks = 0;

  private constructor(name: string, domains: Record<Role, WorldDomain>, options: WorldOptions) {
    this.name = name;
    this.domains = domains;
    this.#random = new Random(name);
    this.#options = options;
    for (const domain of Object.values(domains)) this.#mark(domain);
    for (let index = 0; index < 8; index++) {
      this.#createPerson(this.domains.corp);
      this.#createPerson(this.domains.emea);
      this.#createPerson(this.domains.accounts);
      if (index < 3) for (const role of roles) this.#createGroup(this.domains[role]);
      if (index < 5) this.#createMailbox();
      for (const role of roles) this.#addMember(this.domains[role]);
    }
    this.nextRound();
    this.history.length = 0;
  }

  /** `name` is the seed; letters and digits. */
  static async start(name: string, options: WorldOptions): Promise<RandomWorld> {
    const limits = { maxDirSyncObjects: 5, maxValRange: 4, maxPageSize: 7, ...options.limits };
    return new RandomWorld(name, await startDomains(name, limits), options);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.domains).map(({ directory }) => directory.close()));
  }

  /** By display name: of this world, and changed by `change`. */
  isMeant(displayName: string): boolean {
    return displayName.startsWith(`${this.name} `) && displayName !== `${this.name} Mark`;
  }

  /** One change, of the kinds that can be made just now. */
  change(): void {
    for (;;) {
      const domain = this.domains[this.#random.pick(roles)];
      const done = this.#random.pick(changes)(this, domain);
      if (done === undefined) continue;
      this.history.push(`${domain.role}: ${done}`);
      this.#renameForeignMembers();
      return;
    }
  }

  /** Everything up to here was read. */
  nextRound(): void {
    this.#round += 1;
    this.#named.clear();
  }

  /** Changes one object of the domain in a way that no other change does. Changes are told in order, so that it comes last. */
  mark(role: Role): { readonly address: string; readonly title: string } {
    this.#mark(this.domains[role]);
    return { address: `mark@${this.domains[role].mailDomain}`, title: `Mark ${this.#marks}` };
  }

  #mark({ directory, staff, mailDomain }: WorldDomain): void {
    this.#marks += 1;
    const mail = `mark@${mailDomain}`;
    directory.put({
      dn: `CN=Mark,${staff}`,
      attributes: { objectClass: classes.user, sAMAccountName: 'mark', userAccountControl: '512', displayName: `${this.name} Mark`, mail, title: `Mark ${this.#marks}` },
    });
  }

  #fresh(kind: string): string {
    this.#count += 1;
    return `${kind} ${this.#count}`;
  }

  /** One minute after the one before, so that it is always clear who was first. */
  #created(): string {
    return `202401${String(1 + Math.floor(this.#count / 1440)).padStart(2, '0')}${String(Math.floor(this.#count / 60) % 24).padStart(2, '0')}${String(this.#count % 60).padStart(2, '0')}00.0Z`;
  }

  #things({ directory, outside, staff }: WorldDomain, fits: (thing: Thing) => boolean): Thing[] {
    const things: Thing[] = [];
    for (const { dn, attributes } of directory.objects()) {
      const guid = attributes['objectGUID'];
      if (!Buffer.isBuffer(guid) || dn === `CN=svc,${outside}` || dn === `CN=Mark,${staff}`) continue;
      const thing = { dn, attributes, id: guid.toString('hex') };
      if (fits(thing)) things.push(thing);
    }
    return things;
  }

  #pick(domain: WorldDomain, fits: (thing: Thing) => boolean): Thing | undefined {
    const things = this.#things(domain, fits);
    return things.length === 0 ? undefined : this.#random.pick(things);
  }

  #container(domain: WorldDomain, kind: 'people' | 'groups'): string {
    const units = this.#things(domain, isUnit).map(({ dn }) => dn).filter((dn) => dn !== domain.groups);
    return kind === 'groups' && this.#random.chance(0.7) ? domain.groups : this.#random.pick(units);
  }

  /** Neither it nor what it is in or what is in it got a name in this round. */
  #mayName(domain: WorldDomain, { dn }: Thing): boolean {
    if (!this.#options.oneNameARound) return true;
    return this.#things(domain, (other) => isInside(other.dn, dn) || isInside(dn, other.dn)).every(({ id }) => !this.#named.has(id));
  }

  #put({ directory }: WorldDomain, dn: string, attributes: Attributes): void {
    directory.put({ dn, attributes: { whenCreated: this.#created(), ...attributes } });
    for (const object of directory.objects()) {
      const guid = object.attributes['objectGUID'];
      if (object.dn === dn && Buffer.isBuffer(guid)) this.#named.add(guid.toString('hex'));
    }
  }

  #createPerson(domain: WorldDomain, more: Attributes = {}): string {
    const name = this.#fresh('Person');
    const account = name.toLowerCase().replace(' ', '');
    const mail = domain.role === 'accounts' ? {} : this.#mailbox(domain, account);
    this.#put(domain, this.#formerName(domain) ?? `CN=${name},${this.#container(domain, 'people')}`, {
      objectClass: classes.user,
      sAMAccountName: account,
      userAccountControl: '512',
      displayName: `${this.name} ${name}`,
      title: 'Clerk',
      ...mail,
      ...more,
    });
    return name;
  }

  /** Now and then somebody new gets the name of somebody who had it, in the same place. */
  #formerName(domain: WorldDomain): string | undefined {
    const index = this.#former.findIndex((name) => name.domain === domain && this.#things(domain, ({ dn }) => dn === parentDn(name.dn)).length > 0);
    if (index < 0 || !this.#random.chance(0.5)) return undefined;
    const [found] = this.#former.splice(index, 1);
    return found === undefined || this.#things(domain, ({ dn }) => dn === found.dn).length > 0 ? undefined : found.dn;
  }

  #mailbox({ mailDomain }: WorldDomain, account: string): Attributes {
    const address = `${account}@${mailDomain}`;
    return { mail: address, proxyAddresses: [`SMTP:${address}`, `smtp:${account}.alias@${mailDomain}`], msExchRecipientTypeDetails: '1' };
  }

  /** A linked mailbox of an account that has none. */
  #createMailbox(): string | undefined {
    const account = this.#unlinkedAccount();
    if (account === undefined) return undefined;
    const made = this.#createPerson(this.domains.corp, linkedTo(account));
    return `${made} is the mailbox of ${account.dn}`;
  }

  #unlinkedAccount(): Thing | undefined {
    const masters = new Set(this.#things(this.domains.corp, isLinked).map(({ attributes }) => text(attributes, 'msExchMasterAccountSid')));
    return this.#pick(this.domains.accounts, (thing) => isUser(thing) && !masters.has(text(thing.attributes, 'objectSid')));
  }

  #createGroup(domain: WorldDomain): string {
    const name = this.#fresh('Group');
    this.#put(domain, `CN=${name},${this.#container(domain, 'groups')}`, {
      objectClass: classes.group,
      sAMAccountName: name,
      displayName: `${this.name} ${name}`,
      groupType: '8',
    });
    return name;
  }

  #addMember(domain: WorldDomain): string | undefined {
    const group = this.#pick(domain, isGroup);
    if (group === undefined) return undefined;
    const other = domain.role === 'corp' ? this.domains.emea : this.domains.corp;
    if (domain.role !== 'accounts' && this.#random.chance(0.25)) {
      const member = this.#pick(other, (thing) => isUser(thing) || isGroup(thing));
      if (member === undefined) return undefined;
      domain.directory.addValues(group.dn, { member: [member.dn] });
      this.#foreign.push({ groups: domain, group: group.id, members: other, member: member.id, dn: member.dn });
      return `${group.dn} gets ${member.dn} of ${other.role}`;
    }
    if (domain.role === 'corp' && this.#random.chance(0.25)) {
      const account = this.#pick(this.domains.accounts, isUser);
      if (account === undefined) return undefined;
      const principal = this.#foreignPrincipal(account);
      domain.directory.addValues(group.dn, { member: [principal] });
      return `${group.dn} gets ${principal}`;
    }
    const member = this.#pick(domain, (thing) => (isUser(thing) || isGroup(thing)) && thing.id !== group.id);
    if (member === undefined) return undefined;
    domain.directory.addValues(group.dn, { member: [member.dn] });
    return `${group.dn} gets ${member.dn}`;
  }

  /** The object by which the parent names an account of the other forest. */
  #foreignPrincipal(account: Thing): string {
    const { corp } = this.domains;
    const sid = account.attributes['objectSid'];
    if (!Buffer.isBuffer(sid)) throw new Error(`${account.dn} has no SID`);
    const dn = `CN=${sidText(sid)},CN=ForeignSecurityPrincipals,${corp.baseDn}`;
    const isThere = [...corp.directory.objects()].some((object) => object.dn === dn);
    if (!isThere) corp.directory.put({ dn, attributes: { objectClass: classes.foreignPrincipal, objectSid: sid } });
    return dn;
  }

  #renameForeignMembers(): void {
    for (const [index, link] of [...this.#foreign.entries()].reverse()) {
      const group = this.#things(link.groups, ({ id }) => id === link.group)[0];
      const member = this.#things(link.members, ({ id }) => id === link.member)[0];
      const isMember = group !== undefined && list(group.attributes, 'member').includes(link.dn);
      if (isMember && member?.dn !== link.dn) {
        link.groups.directory.removeValues(group.dn, { member: [link.dn] });
        if (member !== undefined) link.groups.directory.addValues(group.dn, { member: [member.dn] });
      }
      if (!isMember || member === undefined) this.#foreign.splice(index, 1);
      else link.dn = member.dn;
    }
  }

  readonly kinds = {
    createPerson: (domain: WorldDomain): string => `${this.#createPerson(domain)} comes`,
    createMailbox: (domain: WorldDomain): string | undefined => (domain.role === 'corp' ? this.#createMailbox() : undefined),
    createGroup: (domain: WorldDomain): string => `${this.#createGroup(domain)} comes`,
    createUnit: (domain: WorldDomain): string => {
      const dn = `OU=${this.#fresh('Unit')},${this.#container(domain, 'people')}`;
      this.#put(domain, dn, { objectClass: classes.ou });
      return `${dn} comes`;
    },
    addMember: (domain: WorldDomain): string | undefined => this.#addMember(domain),
    removeMember: (domain: WorldDomain): string | undefined => {
      const group = this.#pick(domain, (thing) => list(thing.attributes, 'member').length > 0);
      if (group === undefined) return undefined;
      const member = this.#random.pick(list(group.attributes, 'member'));
      domain.directory.removeValues(group.dn, { member: [member] });
      return `${group.dn} loses ${member}`;
    },
    place: (domain: WorldDomain): string | undefined => {
      const thing = this.#pick(domain, (one) => (isUser(one) || isGroup(one) || isUnit(one)) && !isFixed(domain, one));
      if (thing === undefined || !this.#mayName(domain, thing)) return undefined;
      const parent = this.#random.chance(0.6) ? this.#container(domain, isGroup(thing) ? 'groups' : 'people') : parentDn(thing.dn);
      const name = this.#random.chance(0.5) ? this.#fresh(String(rdnValue(thing.dn)).replace(/ \d+$/, '')) : rdnValue(thing.dn);
      const dn = `${isUnit(thing) ? 'OU' : 'CN'}=${name},${parent}`;
      if (isInside(parent, thing.dn) || this.#things(domain, (one) => one.dn === dn).length > 0) return undefined;
      domain.directory.move(thing.dn, dn);
      this.#named.add(thing.id);
      if (isUser(thing)) this.#former.push({ domain, dn: thing.dn });
      return `${thing.dn} → ${dn}`;
    },
    /** An administrator switches an account; that of a linked mailbox stays disabled. */
    switchAccount: (domain: WorldDomain): string | undefined => {
      const person = this.#pick(domain, (thing) => isUser(thing) && !isLinked(thing));
      if (person === undefined) return undefined;
      const control = text(person.attributes, 'userAccountControl') === '514' ? '512' : '514';
      domain.directory.modify(person.dn, { userAccountControl: control });
      return `${person.dn} gets ${control}`;
    },
    link: (domain: WorldDomain): string | undefined => {
      if (domain.role !== 'corp') return undefined;
      const account = this.#unlinkedAccount();
      const mailbox = this.#pick(domain, (thing) => isUser(thing) && list(thing.attributes, 'mail').length > 0);
      if (account === undefined || mailbox === undefined) return undefined;
      domain.directory.modify(mailbox.dn, linkedTo(account));
      return `${mailbox.dn} is linked to ${account.dn}`;
    },
    unlink: (domain: WorldDomain): string | undefined => {
      const mailbox = domain.role === 'corp' ? this.#pick(domain, isLinked) : undefined;
      if (mailbox === undefined) return undefined;
      domain.directory.modify(mailbox.dn, { msExchMasterAccountSid: [], msExchRecipientTypeDetails: '1', userAccountControl: '512' });
      return `${mailbox.dn} is linked no more`;
    },
    setText: (domain: WorldDomain): string | undefined => {
      const person = this.#pick(domain, isUser);
      if (person === undefined) return undefined;
      const attributes = this.#random.pick<Attributes>([
        { title: 'Chief' }, { title: [] }, { department: INTERN }, { department: 'Sales' }, { displayName: `${this.name} ${this.#fresh('Renamed')}` },
      ]);
      domain.directory.modify(person.dn, attributes);
      return `${person.dn}: ${JSON.stringify(attributes)}`;
    },
    addAlias: (domain: WorldDomain): string | undefined => {
      const person = this.#pick(domain, (thing) => list(thing.attributes, 'proxyAddresses').length > 0);
      if (person === undefined) return undefined;
      const alias = `smtp:${this.#fresh('alias').replace(' ', '')}@${domain.mailDomain}`;
      domain.directory.addValues(person.dn, { proxyAddresses: [alias] });
      return `${person.dn} gets ${alias}`;
    },
    /** An address passes from one to another: for a while both have it, or nobody. */
    passAddress: (domain: WorldDomain): string | undefined => {
      const giver = this.#pick(domain, (thing) => list(thing.attributes, 'proxyAddresses').some((value) => value.startsWith('smtp:')));
      const taker = this.#pick(domain, (thing) => list(thing.attributes, 'proxyAddresses').length > 0 && thing.id !== giver?.id);
      if (giver === undefined || taker === undefined) return undefined;
      const [address = ''] = list(giver.attributes, 'proxyAddresses').filter((value) => value.startsWith('smtp:'));
      const steps = [
        () => domain.directory.removeValues(giver.dn, { proxyAddresses: [address] }),
        () => domain.directory.addValues(taker.dn, { proxyAddresses: [address] }),
      ];
      const order = this.#random.pick([[0, 1], [1, 0], [1]]);
      for (const step of order) steps[step]?.();
      return `${address} of ${giver.dn} ${order.length === 1 ? 'is claimed' : 'passes'} to ${taker.dn}`;
    },
    dropMail: (domain: WorldDomain): string | undefined => {
      const person = this.#pick(domain, (thing) => isUser(thing) && !isLinked(thing) && list(thing.attributes, 'mail').length > 0);
      if (person === undefined) return undefined;
      domain.directory.modify(person.dn, { mail: [], proxyAddresses: [] });
      return `${person.dn} has no address any more`;
    },
    giveMail: (domain: WorldDomain): string | undefined => {
      const person = domain.role === 'accounts' ? undefined : this.#pick(domain, (thing) => isUser(thing) && list(thing.attributes, 'mail').length === 0);
      if (person === undefined) return undefined;
      domain.directory.modify(person.dn, this.#mailbox(domain, text(person.attributes, 'sAMAccountName')));
      return `${person.dn} has an address again`;
    },
    remove: (domain: WorldDomain): string | undefined => {
      const thing = this.#pick(domain, (one) => (isUser(one) || isGroup(one)) && !isFixed(domain, one));
      return thing === undefined ? undefined : this.#remove(domain, thing);
    },
    /** With all that is in it. */
    removeUnit: (domain: WorldDomain): string | undefined => {
      const unit = this.#pick(domain, (one) => isUnit(one) && !isFixed(domain, one));
      return unit === undefined || !this.#random.chance(0.3) ? undefined : this.#remove(domain, unit);
    },
    /** Out of the deleted objects: what a tombstone does not keep is gone, its links too. */
    restore: (domain: WorldDomain): string | undefined => {
      const index = this.#deleted.findIndex((one) => one.domain === domain && !(this.#options.oneNameARound && one.round === this.#round));
      const [found] = index < 0 ? [] : this.#deleted.splice(index, 1);
      if (found === undefined) return undefined;
      const dn = `CN=${this.#fresh('Restored')},${this.#container(domain, 'people')}`;
      this.#put(domain, dn, found.object.attributes);
      return `${found.object.dn} comes back as ${dn}`;
    },
    /** A person gets an account in another domain, with the SID of the old one in its history, and the old one goes or stays. */
    migrate: (domain: WorldDomain): string | undefined => {
      if (domain.role !== 'emea') return undefined;
      const old = this.#pick(this.domains.corp, (thing) => isUser(thing) && !isLinked(thing) && list(thing.attributes, 'mail').length > 0);
      const sid = old?.attributes['objectSid'];
      if (old === undefined || !Buffer.isBuffer(sid) || old.attributes['sIDHistory'] !== undefined || this.#isHistory(sid)) return undefined;
      const name = this.#createPerson(domain, { sIDHistory: sid });
      if (this.#random.chance(0.5) && this.#mayName(this.domains.corp, old)) this.#remove(this.domains.corp, old);
      else this.domains.corp.directory.modify(old.dn, { userAccountControl: '514' });
      return `${name} was ${old.dn}`;
    },
  };

  #isHistory(sid: Buffer): boolean {
    return this.#things(this.domains.emea, ({ attributes }) => Buffer.isBuffer(attributes['sIDHistory']) && attributes['sIDHistory'].equals(sid)).length > 0;
  }

  #remove(domain: WorldDomain, thing: Thing): string | undefined {
    if (!this.#mayName(domain, thing)) return undefined;
    const { dn, attributes } = thing;
    if (isUser(thing)) {
      this.#former.push({ domain, dn });
      const kept = ['objectClass', 'objectGUID', 'objectSid', 'sAMAccountName', 'userAccountControl', 'mail', 'displayName', 'msExchRecipientTypeDetails'];
      const left = Object.fromEntries(Object.entries(attributes).filter(([name]) => kept.includes(name)));
      this.#deleted.push({ domain, object: { dn, attributes: left }, round: this.#round });
    }
    domain.directory.remove(dn);
    return `${dn} goes`;
  }
}

type Kind = (world: RandomWorld, domain: WorldDomain) => string | undefined;
const weights: Readonly<Record<keyof RandomWorld['kinds'], number>> = {
  createPerson: 2, createMailbox: 1, createGroup: 1, createUnit: 2, addMember: 6, removeMember: 3, place: 8, switchAccount: 4, link: 2, unlink: 2,
  setText: 4, addAlias: 2, passAddress: 3, dropMail: 1, giveMail: 2, remove: 2, removeUnit: 1, restore: 2, migrate: 1,
};
const changes: readonly Kind[] = Object.entries(weights).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, (): Kind => (world, domain) => world.kinds[kind as keyof RandomWorld['kinds']](domain)),
);

const list = (attributes: Attributes, name: string): string[] => [attributes[name] ?? []].flat().map(String);
const text = (attributes: Attributes, name: string): string => {
  const value = attributes[name];
  return Buffer.isBuffer(value) ? value.toString('hex') : (list(attributes, name)[0] ?? '');
};
const has = (className: string) => ({ attributes }: Thing): boolean => list(attributes, 'objectClass').at(-1) === className;
const isUser = has('user');
const isGroup = has('group');
const isUnit = has('organizationalUnit');
const isLinked = (thing: Thing): boolean => isUser(thing) && thing.attributes['msExchMasterAccountSid'] !== undefined;
const isFixed = ({ staff, groups, outside }: WorldDomain, { dn }: Thing): boolean => [staff, groups, outside].includes(dn);
const isInside = (dn: string, container: string): boolean => isWithin(dn.toLowerCase(), container.toLowerCase());
const linkedTo = ({ attributes }: Thing): Attributes => ({
  msExchMasterAccountSid: attributes['objectSid'] ?? [],
  msExchRecipientTypeDetails: '2',
  userAccountControl: '514',
});
