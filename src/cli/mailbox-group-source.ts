/** Which mailboxes, as options of `mailbox-group add` and `mailbox-group change`. */
import type { NewMailboxGroup } from '../api/schemas/tasks.ts';
import { list, text, UsageError } from './command.ts';
import { readInputFile } from './input-file.ts';

export const sourceOptions = {
  group: text('group', 'members of this group of the directory, through all levels: an address, the id or the exact name'),
  mailbox: list('address', 'this mailbox; may be given several times'),
  mailboxFile: text('file', 'mailboxes of this file, one address a line'),
};
export interface GivenMailboxes {
  readonly group: string | undefined;
  readonly mailbox: readonly string[];
  readonly mailboxFile: string | undefined;
}

/**
 * Undefined when nothing was given.
 * @throws UsageError when both a group and mailboxes are given, or a file holds none; LockstepError `cli.file-unreadable`
 */
export async function givenSource(given: GivenMailboxes): Promise<NewMailboxGroup['source'] | undefined> {
  const fromFile = given.mailboxFile === undefined ? [] : addressesIn(await readInputFile(given.mailboxFile));
  if (given.mailboxFile !== undefined && fromFile.length === 0) throw new UsageError(`${given.mailboxFile} holds no address.`);
  const addresses = [...given.mailbox.flatMap((value) => addressesIn(value.replaceAll(',', '\n'))), ...fromFile];
  if (given.group === undefined) return addresses.length === 0 ? undefined : { kind: 'mailboxes', addresses };
  if (addresses.length > 0) throw new UsageError('Give --group, or --mailbox and --mailbox-file: a mailbox group is the one or the other.');
  return { kind: 'directory-group', group: given.group };
}

/** One a line; what begins with # is left out. */
const addressesIn = (content: string): string[] =>
  content.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
