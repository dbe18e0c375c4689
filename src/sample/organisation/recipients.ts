/** Mailboxes without a person, and people without a mailbox. */
import { company, mailDomain } from './company.ts';
import { departments } from './departments.ts';
import { type Identities, someDay } from './identity.ts';
import { latin } from './latin.ts';
import type { Addresses, Contact, MailUser, Person, PublicFolder, Resource } from './model.ts';
import { namePools } from './names.ts';
import { offices } from './offices.ts';
import type { Random } from './random.ts';

const inHouse = (alias: string): Addresses => ({ primary: `${alias}@${mailDomain}`, aliases: [], x500: [] });

export function makeResources(people: readonly Person[], random: Random, identities: Identities): Resource[] {
  const make = (
    kind: Resource['kind'],
    displayName: string,
    alias: string,
    more: Pick<Resource, 'office' | 'department' | 'capacity'>,
  ): Resource => {
    const id = `${kind}-${alias}`;
    return {
      kind,
      id,
      displayName,
      alias,
      ...more,
      guid: identities.guid(id),
      mailboxGuid: identities.guid(`mailbox ${id}`),
      addresses: inHouse(alias),
      delegates: kind === 'shared' ? [random.pick(people).id, random.pick(people).id] : [],
      createdAt: someDay(random),
    };
  };
  const shared = departments.flatMap((department) => {
    const office = random.pick(offices);
    return ['Office', 'Requests'].map((purpose) =>
      make('shared', `${department.name} ${purpose}`, `${latin(department.name)}.${purpose.toLowerCase()}`, {
        office,
        department,
        capacity: undefined,
      }),
    );
  });
  const rooms = offices.flatMap((office) =>
    Array.from({ length: roomsPerOffice(people.length) }, (_, i) =>
      make('room', `${office.city} Room ${i + 1}`, `room.${latin(office.ou)}.${i + 1}`, {
        office,
        department: undefined,
        capacity: random.pick([4, 6, 8, 12, 20]),
      }),
    ),
  );
  const equipment = offices.flatMap((office) =>
    ['Projector', 'Van'].map((thing) =>
      make('equipment', `${office.city} ${thing}`, `${thing.toLowerCase()}.${latin(office.ou)}`, {
        office,
        department: undefined,
        capacity: undefined,
      }),
    ),
  );
  return [...shared, ...rooms, ...equipment];
}

/** A room for twenty-five people, and two at least. */
const roomsPerOffice = (people: number): number => Math.max(2, Math.ceil(people / 25 / offices.length));

function outsiders<Kind extends 'contact' | 'mail-user'>(
  kind: Kind,
  count: number,
  random: Random,
  identities: Identities,
) {
  return Array.from({ length: count }, (_, index) => {
    const pool = namePools[random.pick(['de', 'en', 'fr', 'ja'] as const)];
    const [given, surname] = [random.pick(pool.given), random.pick(pool.surnames)];
    const partner = random.pick(company.partners);
    const alias = identities.unique('alias', `${latin(surname.latin)}.${partner.domain.replace(/\..*/, '')}`);
    const target = `${latin(given.latin)}.${latin(surname.latin)}${index}@${partner.domain}`;
    const id = `${kind}-${index}`;
    return {
      kind,
      id,
      alias,
      target,
      guid: identities.guid(id),
      given: given.written,
      surname: surname.written,
      displayName: `${given.written} ${surname.written} (${partner.name})`,
      company: partner.name,
      addresses: { primary: target, aliases: kind === 'mail-user' ? [`${alias}@${mailDomain}`] : [], x500: [] },
      createdAt: someDay(random),
    };
  });
}

/** One for ten people. */
export const makeContacts = (people: number, random: Random, identities: Identities): Contact[] =>
  outsiders('contact', Math.ceil(people / 10), random, identities);

/** One for fifty people. */
export const makeMailUsers = (people: number, random: Random, identities: Identities): MailUser[] =>
  outsiders('mail-user', Math.ceil(people / 50), random, identities);

export const makePublicFolders = (random: Random, identities: Identities): PublicFolder[] =>
  ['Notices', 'Works Council', 'Supplier Invoices', 'Rückmeldungen'].map((displayName) => {
    const alias = identities.unique('alias', latin(displayName));
    const id = `public-folder-${alias}`;
    return {
      kind: 'public-folder',
      id,
      guid: identities.guid(id),
      displayName,
      alias,
      addresses: inHouse(alias),
      createdAt: someDay(random),
    };
  });
