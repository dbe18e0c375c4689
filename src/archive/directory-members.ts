import type { DirectoryMembers, DirectoryProblem } from '../shared/directory.ts';
import { dnKeyHex } from './directory-dn.ts';
import { storable } from './directory-text.ts';

/** As the statements of src/archive/sql take it. */
export interface GroupMembers {
  readonly guid: string;
  readonly last: boolean;
  readonly usn: string | null;
  readonly members: readonly { readonly key: string; readonly dn: string }[];
}

export interface MergedMembers {
  readonly groups: readonly GroupMembers[];
  /** Members of the page, each of a group once. */
  readonly count: number;
  readonly problems: readonly DirectoryProblem[];
}

/** The parts of each group in one page as one part. A member is told apart by the key of its name, in hex here. */
export function mergeMembers(parts: readonly DirectoryMembers[]): MergedMembers {
  const groups = new Map<
    string,
    { last: boolean; readonly usn: string | null; readonly members: Map<string, string> }
  >();
  const problems: DirectoryProblem[] = [];
  for (const { guid, dns, last, usn } of parts) {
    const group = groups.get(guid) ?? { last: false, usn: usn ?? null, members: new Map<string, string>() };
    groups.set(guid, group);
    group.last ||= last;
    for (const dn of dns) {
      const key = dnKeyHex(dn);
      if (key !== undefined) group.members.set(key, storable(dn));
      else
        problems.push({
          guid,
          subject: dn,
          code: 'member.dn-invalid',
          detail: 'The distinguished name of this member cannot be understood.',
        });
    }
  }
  return {
    groups: [...groups].map(([guid, { last, usn, members }]) => ({
      guid,
      last,
      usn,
      members: [...members].map(([key, dn]) => ({ key, dn })),
    })),
    count: [...groups.values()].reduce((sum, { members }) => sum + members.size, 0),
    problems,
  };
}
