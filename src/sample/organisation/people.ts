import { company, mailDomain } from './company.ts';
import { type Department, departments } from './departments.ts';
import { type Identities, someDay } from './identity.ts';
import { latin } from './latin.ts';
import type { Addresses, Person } from './model.ts';
import { type Name, namePools } from './names.ts';
import { type Office, offices } from './offices.ts';
import type { Random } from './random.ts';

/** Reports that one manager has. */
const span = 8;
/** Of those who lead nobody, this part has left. */
const leftShare = 0.07;

interface Position {
  readonly department: Department;
  readonly title: string;
  /** Index of the manager. */
  readonly manager: number | undefined;
  readonly leads: boolean;
}

/** The tree: one managing director, a head for each department, below them groups of eight. */
function positions(count: number): Position[] {
  const [management] = departments;
  const all: Position[] = [{ department: management, title: management.head, manager: undefined, leads: true }];
  let rest = count - 1;
  for (const [index, department] of departments.entries()) {
    // The last takes what rounding left.
    const size =
      index === departments.length - 1 ? rest : Math.min(rest, Math.round(((count - 1) * department.share) / 10_000));
    const first = all.length;
    for (let place = 0; place < size; place++) {
      const leads = place * span + 1 < size;
      all.push({
        department,
        title:
          place === 0
            ? department.head
            : leads
              ? department.lead
              : (department.titles[place % department.titles.length] ?? department.lead),
        manager: place === 0 ? 0 : first + Math.floor((place - 1) / span),
        leads: leads || place === 0,
      });
    }
    rest -= size;
  }
  return all;
}

/** Every office, and the head office more often. */
const officeOf = (random: Random): Office => (random.chance(0.3) ? offices[0] : random.pick(offices));

export function makePeople(count: number, random: Random, identities: Identities): Person[] {
  const people: Person[] = [];
  for (const [index, position] of positions(count).entries()) {
    const manager = position.manager === undefined ? undefined : people[position.manager];
    // Teams sit together; who leads one sits anywhere.
    const office = manager === undefined || position.leads || random.chance(0.1) ? officeOf(random) : manager.office;
    people.push(makePerson(index, position, office, manager?.id, random, identities));
  }
  return people;
}

function makePerson(
  index: number,
  position: Position,
  office: Office,
  manager: string | undefined,
  random: Random,
  identities: Identities,
): Person {
  const culture = random.pick(office.cultures);
  const pool = namePools[culture];
  const given = random.pick(pool.given);
  const surname = random.pick(pool.surnames);
  const alias = identities.unique('alias', `${latin(given.latin)}.${latin(surname.latin)}`);
  const id = `person-${index}`;
  const extension = String(index % 1000).padStart(3, '0');
  return {
    kind: 'person',
    id,
    guid: identities.guid(id),
    given: given.written,
    surname: surname.written,
    displayName: pool.surnameFirst ? `${surname.written} ${given.written}` : `${given.written} ${surname.written}`,
    alias,
    addresses: personAddresses(alias, given, surname, random, identities),
    title: position.title,
    department: position.department,
    office,
    manager,
    phone: `${office.phone} ${extension}`,
    mobile: random.chance(0.4) ? `${office.phone.slice(0, 3)} 700 555 ${extension}` : undefined,
    employeeNumber: 10_000 + index,
    left: !position.leads && random.chance(leftShare),
    mailboxGuid: identities.guid(`mailbox ${id}`),
    createdAt: someDay(random),
  };
}

function personAddresses(alias: string, given: Name, surname: Name, random: Random, identities: Identities): Addresses {
  const [, former, subsidiary] = company.mailDomains;
  const short = identities.unique('alias', `${latin(given.latin).slice(0, 1)}${latin(surname.latin)}`);
  const aliases = [
    ...(random.chance(0.7) ? [`${alias}@${former}`] : []),
    ...(random.chance(0.2) ? [`${alias}@${subsidiary}`] : []),
    ...(random.chance(0.3) ? [`${short}@${mailDomain}`] : []),
  ];
  return {
    primary: `${alias}@${mailDomain}`,
    aliases,
    x500: random.chance(0.25) ? [`/o=Tarn und Wick/ou=First Administrative Group/cn=Recipients/cn=${short}`] : [],
    sip: `${alias}@${mailDomain}`,
  };
}
