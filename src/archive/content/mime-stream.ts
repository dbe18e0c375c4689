/**
 * A message taken apart as it arrives, held by nobody: its leaf parts in their order, each with its bytes as they are encoded and where
 * they begin. A message in a message is one part here; whoever needs its inside takes that apart again.
 */
import { pipeline, type Readable } from 'node:stream';
import { type MimeNode, Splitter, type SplitterChunk } from '@zone-eu/mailsplit';

export type MimeEvent =
  /** `at`: bytes of the message before those of the part. */
  | { readonly kind: 'part'; readonly node: MimeNode; readonly at: number }
  | { readonly kind: 'bytes'; readonly value: Buffer };

/** A message that cannot be taken apart within bounds (headers of megabytes, thousands of parts). Its bytes are all right. */
export class UnstructuredMimeError extends Error {
  override readonly name = 'UnstructuredMimeError';
}

/**
 * Ends `mime` when it is left early. What the parts' bytes are not (headers, boundaries, what nobody is shown) is left out.
 * @throws UnstructuredMimeError; what `mime` fails with
 */
export async function* mimeEvents(mime: Readable): AsyncGenerator<MimeEvent> {
  const splitter = new Splitter({ ignoreEmbedded: true });
  pipeline(mime, splitter, () => undefined);
  let at = 0;
  let open: MimeNode | undefined;
  try {
    for await (const chunk of splitter as AsyncIterable<SplitterChunk>) {
      if (chunk.type === 'node') {
        at += chunk.getHeaders().length;
        open = isLeaf(chunk) ? chunk : undefined;
        if (open !== undefined) yield { kind: 'part', node: open, at };
        continue;
      }
      // Without a boundary there are no parts: what nothing else holds is the part's own.
      if (open === chunk.node && (chunk.type === 'body' || chunk.node.multipart !== false)) yield { kind: 'bytes', value: chunk.value };
      else open = undefined;
      at += chunk.value.length;
    }
  } catch (error) {
    if (isLimit(error)) throw new UnstructuredMimeError((error as Error).message, { cause: error });
    throw error;
  }
}

const isLeaf = ({ multipart, _boundary: boundary }: MimeNode): boolean => multipart === false || boundary === false;
const isLimit = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EMAXLEN';
