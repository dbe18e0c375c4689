/** What a message consists of, for people. */
import type { MessageContent } from '../../api/schemas/mailboxes.ts';
import { fields } from './fields.ts';
import { byteSize } from './numbers.ts';
import { table } from './table.ts';

export const messagePartsText = ({ bytes, sha256, digest, parts }: MessageContent, width: number): string =>
  [
    table(
      parts,
      [
        { title: 'PART', value: ({ number }) => String(number), align: 'right' },
        { title: 'TYPE', value: ({ contentType }) => contentType, shrink: true },
        { title: 'NAME', value: ({ name }) => name ?? '', shrink: true },
        { title: 'SIZE', value: (part) => byteSize(part.bytes), align: 'right' },
        { title: 'PLACE', value: ({ disposition, contentId }) => disposition ?? (contentId === null ? '' : 'inline') },
      ],
      width,
    ),
    fields([
      ['size', byteSize(bytes)],
      ['SHA-256', sha256],
      ['digest', digest === null ? 'none: it could not be taken apart' : `${digest.sha256} (version ${digest.version})`],
    ]),
  ].join('\n\n');
