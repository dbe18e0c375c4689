import type { Person, PersonSummary } from '../../api/schemas/people.ts';
import { fields } from './fields.ts';
import { counted } from './numbers.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { localTime } from './times.ts';

export const objectStyle = (state: string): Style | undefined => (state === 'missing' ? 'bad' : state === 'disabled' ? 'dim' : undefined);

export const peopleTable = (people: readonly PersonSummary[], width: number): string =>
  table(
    people,
    [
      { title: 'NAME', value: (person) => person.displayName, shrink: true },
      { title: 'ADDRESS', value: (person) => person.primaryAddress ?? '', shrink: true },
      { title: 'TYPE', value: (person) => person.recipientType },
      { title: 'STATE', value: (person) => person.state, style: (person) => objectStyle(person.state) },
      { title: 'ID', value: (person) => person.id, align: 'right' },
    ],
    width,
  );

/** Shown by name elsewhere, or of no use to a reader. */
const shownElsewhere = new Set(['displayname', 'samaccountname', 'userprincipalname', 'mail', 'proxyaddresses', 'manager', 'memberof']);

export function personText(person: Person): string {
  return [
    fields([
      ['person', person.displayName],
      ['state', person.missingSince === null ? person.state : `missing since ${localTime(person.missingSince)}`],
      ['type', `${person.recipientType} (${person.kind})`],
      ['account', person.accountName ?? undefined],
      ['signs in as', person.principalName ?? undefined],
      ['manager', person.manager?.displayName],
      ['direct reports', person.directReports === 0 ? undefined : counted(person.directReports, 'person', 'people')],
      ['changed', localTime(person.changedAt)],
      ['id', person.id],
    ]),
    section('Addresses', addressLines(person.addresses)),
    section('Member of', person.memberOf.map((group) => `${group.displayName} (${group.id})`)),
    attributesText(person.attributes),
    section('Sources', person.sources.map(sourceLine)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

export const section = (title: string, lines: readonly string[]): string => fields([[title, lines]]);

/** The primary address first, then the others in order of name; what is wrong with one behind it. */
export const addressLines = (addresses: Person['addresses']): string[] =>
  [...addresses]
    .sort((a, b) => Number(b.primary) - Number(a.primary) || a.address.localeCompare(b.address))
    .map(({ address, primary, held, disabled }) => {
      const notes = [primary ? 'primary' : '', held ? '' : 'belongs to an older object', disabled ? 'disabled' : ''].filter((note) => note !== '');
      return notes.length === 0 ? address : `${address} (${notes.join(', ')})`;
    });

export const sourceLine = (source: Person['sources'][number]): string =>
  `${source.integration}: ${source.dn} (rule ${source.rule}, since ${localTime(source.since)})`;

export const attributesText = (attributes: Person['attributes']): string =>
  fields(
    Object.entries(attributes)
      .filter(([name]) => !shownElsewhere.has(name.toLowerCase()))
      .sort(([a], [b]) => a.localeCompare(b)),
  );
