/** The domains of a directory's forest in words, and how to add those that nobody reads. */
import type { Directory } from '../../api/schemas/directories.ts';
import { clean } from './clean.ts';
import { counted } from './numbers.ts';
import { table } from './table.ts';

type Findings = NonNullable<Directory['findings']>;
type Domain = Findings['domains'][number];

/** References are noted for whoever wonders where a search ended; a large forest has many. */
const SHOWN_REFERENCES = 10;

/** Ready to be run. */
export const addCommand = (directory: string, suggestedName: string): string => `lockstep directory add ${suggestedName} --from ${directory}`;

/** One line for each domain that no directory reads, with the command that adds it. */
export const offeredDomains = ({ name, findings }: Pick<Directory, 'name' | 'findings'>): string[] =>
  (findings?.domains ?? []).flatMap(({ dnsName, suggestedName }) =>
    suggestedName === null ? [] : [`${clean(dnsName)} is read by no directory. Add it: ${addCommand(name, suggestedName)}`],
  );

/** All that is known of the forest. */
export function domainsText(directory: Pick<Directory, 'name' | 'findings'>, width: number): string {
  const { name, findings } = directory;
  if (findings === null) return `Not known yet. Find out: lockstep directory test ${name}`;
  const { domains, references } = findings;
  const parts = [
    domains.length === 0
      ? 'The account may not read which domains the forest has.'
      : table(
          domains,
          [
            { title: 'DOMAIN', value: ({ dnsName }) => dnsName },
            { title: 'NETBIOS', value: ({ netbiosName }) => netbiosName ?? '' },
            { title: 'PARENT', value: ({ parentDn }) => parentName(domains, parentDn) },
            { title: 'READ BY', value: ({ readBy }) => (readBy.length === 0 ? 'nobody' : readBy.join(', ')), style: ({ readBy }) => (readBy.length === 0 ? 'warn' : undefined) },
            { title: 'BASE DN', value: ({ dn }) => dn, shrink: true },
          ],
          width,
        ),
  ];
  const offers = offeredDomains(directory);
  if (offers.length > 0) parts.push(offers.join('\n'));
  if (references.length > 0) parts.push(referencesText(references));
  return parts.join('\n\n');
}

const parentName = (domains: readonly Domain[], parentDn: string | null): string =>
  parentDn === null ? '' : (domains.find(({ dn }) => dn === parentDn)?.dnsName ?? parentDn);

function referencesText(references: readonly string[]): string {
  const shown = references.slice(0, SHOWN_REFERENCES).map((url) => `  ${clean(url)}`);
  const rest = references.length - shown.length;
  return [`The server refers to ${counted(references.length, 'other place')}; noted, and never followed:`, ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}
