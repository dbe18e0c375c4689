import type { Group, Person, PersonSummary } from '../../api/schemas/people.ts';
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

/** Of a person of several directories each line tells which of them said it. */
export function personText(person: Person): string {
  const several = new Set(person.sources.map(({ integration }) => integration)).size > 1;
  const from = (text: string | undefined, source: string | undefined): string | undefined =>
    text === undefined || !several || source === undefined ? text : `${text}  [${source}]`;
  const { fieldSources, attributeSources } = person;
  return [
    fields([
      ['person', from(person.displayName, fieldSources.displayName)],
      ['state', from(person.missingSince === null ? person.state : `missing since ${localTime(person.missingSince)}`, fieldSources.state)],
      ['type', from(`${person.recipientType} (${person.kind})`, fieldSources.recipientType)],
      ['account', from(person.accountName ?? undefined, fieldSources.accountName)],
      ['signs in as', from(person.principalName ?? undefined, fieldSources.principalName)],
      ['manager', from(person.manager?.displayName, fieldSources.manager)],
      ['direct reports', person.directReports === 0 ? undefined : counted(person.directReports, 'person', 'people')],
      ['changed', localTime(person.changedAt)],
      ['id', person.id],
    ]),
    section('Addresses', addressLines(person.addresses).map((line) => from(line, fieldSources.addresses) ?? line)),
    section('Member of', person.memberOf.map((group) => `${group.displayName} (${group.id})`)),
    attributesText(person.attributes, (name, value) => from(value, attributeSources[name]) ?? value),
    section('Sources', person.sources.map(personSourceLine)),
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

export const sourceLine = (source: Group['sources'][number]): string =>
  `${source.integration}: ${source.dn} (rule ${source.rule}, since ${localTime(source.since)})`;

function personSourceLine(source: Person['sources'][number]): string {
  const notes = [source.gives.length === 0 ? '' : `gives ${source.gives.join(' and ')}`, source.state === 'present' ? '' : source.state];
  return [sourceLine(source), ...notes].filter((note) => note !== '').join(', ');
}

/** `shown`: how a value is written; as it is when absent. */
export const attributesText = (
  attributes: Person['attributes'],
  shown: (name: string, value: string) => string = (_, value) => value,
): string =>
  fields(
    Object.entries(attributes)
      .filter(([name]) => !shownElsewhere.has(name.toLowerCase()))
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, values]) => [name, values.map((value) => shown(name, value))] as const),
  );
