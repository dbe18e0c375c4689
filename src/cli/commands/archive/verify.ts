import type { BlobProblem } from '../../../api/schemas/archive.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { byteSize, counted } from '../../output/numbers.ts';
import { table } from '../../output/table.ts';

export const archiveVerify = defineCommand({
  path: ['archive', 'verify'],
  summary: 'Read and hash all stored content again',
  description:
    'Reads every blob of the organisation from disk or S3, decrypts it and compares its SHA-256. Says what is missing or damaged and which messages need it; changes nothing. It may take hours, during which everything else goes on; ended with Ctrl-C it begins anew the next time. Ends with 3 when something is wrong. Needs a token with scope admin.',
  examples: [
    { line: 'lockstep archive verify', what: 'Verify the organisation in use' },
    { line: "lockstep archive verify --json | jq -r '.problems[].items[].address'", what: 'Mailboxes that have damaged messages' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const problems: BlobProblem[] = [];
    let [blobs, bytes] = [0, 0];
    for (let after: string | undefined | null; after !== null; ) {
      io.signal.throwIfAborted();
      const page = await api.verifyArchive(after);
      blobs += page.blobs;
      bytes += page.bytes;
      problems.push(...page.problems);
      after = page.next;
      const found = problems.length === 0 ? '' : `, ${counted(problems.length, 'problem')}`;
      io.progress.update(`${percentDone(after)} % · ${counted(blobs, 'blob')}, ${byteSize(bytes)}${found}`);
    }
    io.progress.clear();
    const read = `${counted(blobs, 'blob')}, ${byteSize(bytes)}`;
    return {
      exitCode: problems.length === 0 ? exitCodes.ok : exitCodes.partial,
      data: { blobs, bytes, problems },
      text: problems.length === 0 ? `All there and undamaged: ${read}.` : `${problemTable(problems, io.columns)}\n\nRead: ${read}. Restore these blobs from a backup of the blob store.`,
    };
  },
});

/** Hashes are spread evenly, and come in their order. */
const percentDone = (hash: string | null): number => (hash === null ? 100 : Math.floor((Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32) * 100));

const problemTable = (problems: readonly BlobProblem[], width: number): string =>
  table(
    problems,
    [
      { title: 'BLOB', value: ({ blob }) => blob },
      { title: 'PROBLEM', value: ({ problem }) => problem },
      { title: 'SIZE', value: ({ bytes }) => byteSize(bytes), align: 'right' },
      { title: 'MESSAGES', value: messagesText, shrink: true },
    ],
    width,
  );

function messagesText({ items, itemCount }: BlobProblem): string {
  if (itemCount === 0) return 'none';
  const shown = items.slice(0, 3).map(({ address, item }) => `${address} ${item}`);
  return [...shown, ...(itemCount > shown.length ? [`and ${itemCount - shown.length} more`] : [])].join(', ');
}
