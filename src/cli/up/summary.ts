import type { Directory } from '../../api/schemas/directories.ts';
import type { ApiClient } from '../api-client.ts';
import { fields } from '../output/fields.ts';
import { counted } from '../output/numbers.ts';
import { styled } from '../output/style.ts';
import { allItems } from '../paging.ts';

/** What is in the archive, a directory each. */
export interface DirectoryCounts {
  readonly name: string;
  readonly lastRun: string | null;
  readonly people: number;
  readonly groups: number;
  readonly problems: number;
}
/** What the people of the archive are, over all directories. */
export interface KindCounts {
  readonly people: number;
  readonly contacts: number;
  readonly sharedMailboxes: number;
  readonly rooms: number;
  readonly equipment: number;
  readonly publicFolders: number;
}

export interface Places {
  readonly api: string;
  readonly reference: string;
  readonly temporalUi: string | undefined;
  readonly home: string;
  /** Data of the embedded PostgreSQL; undefined when they are in the home, or the database is one's own. */
  readonly database: string | undefined;
}

export const directoryCounts = async (api: ApiClient): Promise<DirectoryCounts[]> =>
  (await allItems((query) => api.directories(query))).map((directory: Directory) => ({
    name: directory.name,
    lastRun: directory.lastRun?.state ?? null,
    people: directory.counts.people,
    groups: directory.counts.groups,
    problems: directory.openProblems,
  }));

/** Walks the whole list, so it is for archives of a few pages: the sample's. */
export async function kindCounts(api: ApiClient): Promise<KindCounts> {
  // As directories count them: without those that are missing.
  const people = (await allItems((query) => api.people(query))).filter(({ state }) => state !== 'missing');
  const ofType = (...types: string[]) => people.filter(({ recipientType }) => types.includes(recipientType)).length;
  const contacts = people.filter(({ kind }) => kind === 'contact').length;
  const sharedMailboxes = ofType('shared-mailbox', 'remote-shared-mailbox');
  const rooms = ofType('room-mailbox', 'remote-room-mailbox');
  const equipment = ofType('equipment-mailbox', 'remote-equipment-mailbox');
  const publicFolders = people.filter(({ kind }) => kind === 'public-folder').length;
  const others = contacts + sharedMailboxes + rooms + equipment + publicFolders;
  return { people: people.length - others, contacts, sharedMailboxes, rooms, equipment, publicFolders };
}

/** The last words of a start: what is there, where to look, what to do next. */
export function summaryText(
  directories: readonly DirectoryCounts[],
  kinds: KindCounts | undefined,
  places: Places,
  command: string,
): string {
  const lines = ['', styled('bold', 'Lockstep is running.') + ' Ctrl-C stops it; starting it again goes on where it was.', ''];
  for (const directory of directories) lines.push(`  ${directoryLine(directory, directories.length === 1 ? kinds : undefined)}`);
  if (directories.length > 0) lines.push('');
  lines.push(
    fields(
      [
        ['API reference', places.reference],
        ['Temporal UI', places.temporalUi],
        [places.database === undefined ? 'Data and logs' : 'Keys and logs', places.home],
        ['Database', places.database],
      ],
      '  ',
    ),
    '',
    '  Next, in another terminal:',
    ...nextCommands(directories).map(([line, what]) => `    ${`${command} ${line}`.padEnd(38)}  ${what}`),
  );
  return lines.join('\n');
}

function directoryLine(directory: DirectoryCounts, kinds: KindCounts | undefined): string {
  if (directory.lastRun === null) return `${directory.name}: never synchronised`;
  const parts =
    kinds === undefined
      ? [counted(directory.people, 'person', 'people')]
      : [
          counted(kinds.people, 'person', 'people'),
          counted(kinds.contacts, 'contact'),
          counted(kinds.rooms, 'room'),
          counted(kinds.equipment, 'device'),
          counted(kinds.sharedMailboxes, 'shared mailbox', 'shared mailboxes'),
          counted(kinds.publicFolders, 'public folder'),
        ];
  parts.push(counted(directory.groups, 'group'), counted(directory.problems, 'problem'));
  return `${directory.name}: ${parts.join(' · ')}`;
}

function nextCommands(directories: readonly DirectoryCounts[]): readonly (readonly [line: string, what: string])[] {
  const first = directories[0];
  if (first === undefined) {
    return [
      ['directory add', 'connect an Active Directory domain; asks what it needs'],
      ['status', 'what runs, and what asks for a person'],
    ];
  }
  const problems: readonly (readonly [string, string])[] =
    first.problems > 0 ? [[`directory problems ${first.name}`, 'objects that were not taken over, and why']] : [];
  return [
    ['status', 'what runs, and what asks for a person'],
    ['ui', 'a link to the Temporal UI in which payloads can be read'],
    ['person list', 'people; lockstep person show ADDRESS for one'],
    ['mailbox list', 'mailboxes; lockstep mailbox tree ADDRESS for the folders of one'],
    ...problems,
    [`directory sync ${first.name}`, 'synchronise now'],
    ['directory add', 'connect a domain of your own'],
  ];
}
