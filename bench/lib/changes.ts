import { bulkAlias, bulkOu, bulkPersonDn, bulkTeamDn } from '../../test/lab/samba/bulk.ts';
import { corp } from '../../test/lab/samba/domain.ts';
import { type DirectorySize, TEAM_SIZE } from './directory-size.ts';

type Values = Readonly<Record<string, string>>;

/** What an administrator does to a directory. */
export interface DirectoryEdits {
  modify(dn: string, attributes: Values): Promise<void>;
  addValues(dn: string, values: Values): Promise<void>;
  removeValues(dn: string, values: Values): Promise<void>;
  move(dn: string, newDn: string): Promise<void>;
}

export const CHANGES = 100;
const SPACING = 7;

/** An address that only the archive of after the round's changes knows. */
export const newAliases = (round: number): string[] =>
  Array.from({ length: CHANGES / 10 }, (_, index) => `new.${round}.${index}@${corp.mailDomain}`);

/**
 * A hundred changes of as many objects: half of them plain values, then aliases, disabled accounts, members who join and who
 * leave, new names. `round`: other objects each time.
 */
export async function makeChanges(edits: DirectoryEdits, round: number, { people, teams }: DirectorySize): Promise<void> {
  const aliases = newAliases(round);
  for (let index = 0; index < CHANGES; index++) {
    const number = ((round * CHANGES + index) * SPACING + 1) % people;
    const person = bulkPersonDn(number);
    const team = (round * CHANGES + index) % teams;
    // Counted from the team's first member: see teamMembers.
    const member = (offset: number) => bulkPersonDn((team * TEAM_SIZE + offset) % people);
    const which = Math.floor(index / 10);
    switch (index % 10) {
      case 0:
        await edits.addValues(person, { proxyAddresses: `smtp:${aliases[which] ?? ''}` });
        break;
      case 1:
        await edits.modify(person, { userAccountControl: '514' });
        break;
      case 2:
        await edits.addValues(bulkTeamDn(team), { member: member(TEAM_SIZE + round) });
        break;
      case 3:
        await edits.removeValues(bulkTeamDn(team), { member: member(round) });
        break;
      case 4:
        await edits.move(person, `CN=Renamed ${bulkAlias(number)},${bulkOu}`);
        break;
      default:
        await edits.modify(person, { title: `Title of round ${round}` });
    }
  }
}
