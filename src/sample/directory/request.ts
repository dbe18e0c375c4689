import { BerReader } from 'ldapts';
import type { Filter } from '../../ldap-filter/filter.ts';
import { readFilter } from '../../ldap-filter/read-filter.ts';

/** Requests of RFC 4511, section 4, as far as the sample directory understands them. */
export type LdapRequest = { readonly id: number; readonly controls: readonly RequestControl[] } & Operation;

export interface RequestControl {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}
export type SearchScope = 'base' | 'one' | 'sub';
export interface SearchOperation {
  readonly kind: 'search';
  readonly base: string;
  readonly scope: SearchScope;
  readonly sizeLimit: number;
  readonly timeLimitSeconds: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}
export type Operation =
  | { readonly kind: 'bind'; readonly name: string; readonly password: string | undefined }
  | { readonly kind: 'unbind' }
  | SearchOperation
  | { readonly kind: 'abandon'; readonly target: number }
  | { readonly kind: 'extended'; readonly oid: string }
  /** Anything that changes or compares; `answerTag` is what its answer begins with. */
  | { readonly kind: 'other'; readonly answerTag: number };

const scopes: readonly SearchScope[] = ['base', 'one', 'sub'];
/** Requests that are answered with a refusal: modify, add, delete, modifyDN, compare; with the tag of the answer. */
const refused = new Map([
  [0x66, 0x67],
  [0x68, 0x69],
  [0x4a, 0x6b],
  [0x6c, 0x6d],
  [0x6e, 0x6f],
]);

/** Reads one whole message. Throws on what is none: then the connection is of no use any more. */
export function readRequest(message: Buffer): LdapRequest {
  const reader = new BerReader(message);
  need(reader.readSequence(0x30));
  const id = need(reader.readInt());
  const tag = need(reader.peek());
  // An abandon and an unbind are no sequences, but their header has the same form.
  const start = reader.offset;
  need(reader.readSequence());
  const end = reader.offset + reader.length;
  const operation = readOperation(reader, tag, start, end);
  reader.offset = end;
  return { id, controls: reader.peek() === 0xa0 ? readControls(reader) : [], ...operation };
}

function readOperation(reader: BerReader, tag: number, start: number, end: number): Operation {
  switch (tag) {
    case 0x60: {
      need(reader.readInt());
      const name = need(reader.readString());
      // Only simple authentication; AD's SASL mechanisms need more than the sample has.
      return { kind: 'bind', name, password: reader.peek() === 0x80 ? need(reader.readString(0x80)) : undefined };
    }
    case 0x42:
      return { kind: 'unbind' };
    case 0x63:
      return readSearch(reader, end);
    case 0x50:
      reader.offset = start;
      return { kind: 'abandon', target: need(reader.readTag(0x50)) };
    case 0x77:
      return { kind: 'extended', oid: need(reader.readString(0x80)) };
    default:
      return { kind: 'other', answerTag: need(refused.get(tag) ?? null) };
  }
}

function readSearch(reader: BerReader, end: number): Operation {
  const base = need(reader.readString());
  const scope = scopes[need(reader.readEnumeration())];
  if (scope === undefined) throw new Error('no such scope');
  need(reader.readEnumeration()); // derefAliases: AD has no aliases
  const sizeLimit = need(reader.readInt());
  const timeLimitSeconds = need(reader.readInt());
  const typesOnly = reader.readBoolean() ?? false;
  const filter = readFilter(reader);
  need(reader.readSequence(0x30));
  const attributes: string[] = [];
  while (reader.offset < end) attributes.push(need(reader.readString()));
  return { kind: 'search', base, scope, sizeLimit, timeLimitSeconds, typesOnly, filter, attributes };
}

function readControls(reader: BerReader): RequestControl[] {
  need(reader.readSequence(0xa0));
  const end = reader.offset + reader.length;
  const controls: RequestControl[] = [];
  while (reader.offset < end) {
    need(reader.readSequence(0x30));
    const controlEnd = reader.offset + reader.length;
    const oid = need(reader.readString());
    const critical = reader.offset < controlEnd && reader.peek() === 0x01 ? (reader.readBoolean() ?? false) : false;
    const value = reader.offset < controlEnd ? Buffer.from(need(reader.readString(0x04, true))) : Buffer.alloc(0);
    controls.push({ oid, critical, value });
  }
  return controls;
}

function need<T>(part: T | null): T {
  if (part === null) throw new Error('the message is cut off or unknown');
  return part;
}
