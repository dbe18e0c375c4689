/**
 * The body of a page: its bytes are hashed before they are parsed, and its shape is checked before anything looks at
 * it.
 */
import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { changeMethods } from '../../shared/directory.ts';
import { LockstepError } from '../../shared/errors.ts';
import { Uuid, nullable } from '../schemas/common.ts';
import { createValidatorCompiler, issuesOf, RequestInvalidError } from '../validation.ts';

/** A page of 1,000 objects with some hundred values each; larger values are left out by the site. */
export const PAGE_LIMIT_BYTES = 16 * 1024 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the body's bytes; undefined where there was no JSON body. */
    bodyHash: Buffer | undefined;
  }
}

// Bounds of counts only: what is wrong with a single value is told as a problem of its object and fails no page. The
// body's size bounds the rest.
const ENTRIES_MAX = 5000;
const ATTRIBUTES_MAX = 500;
const Dn = Type.String({ maxLength: 20_000 });
const Text = Type.String({ maxLength: 20_000 });

const Attributes = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9.;-]{0,127}$' }),
  Type.Array(Type.String()),
  {
    additionalProperties: false,
    maxProperties: ATTRIBUTES_MAX,
  },
);
/** 64-bit and signed in the database; AD's begin at 1. */
const Usn = Type.String({ pattern: '^[0-9]{1,18}$' });
const DnsHostName = Type.String({ maxLength: 253 });
const MEMBERS_MAX = 100_000;

/** DirectoryWatermark. */
const Watermark = Type.Union([
  Type.Object({
    method: Type.Literal('dirsync'),
    dnsHostName: DnsHostName,
    invocationId: nullable(Uuid),
    // A cookie names every controller that the asked one knows of, 24 bytes each.
    cookie: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 1_000_000 }),
    usn: Type.Optional(Usn),
  }),
  Type.Object({ method: Type.Literal('usn'), dnsHostName: DnsHostName, invocationId: nullable(Uuid), usn: Usn }),
]);

const content = {
  entries: Type.Array(Type.Object({ guid: Uuid, dn: Dn, attributes: Attributes, usn: Type.Optional(Usn) }), {
    maxItems: ENTRIES_MAX,
  }),
  members: Type.Array(
    Type.Object({
      guid: Uuid,
      dns: Type.Array(Dn, { maxItems: MEMBERS_MAX }),
      last: Type.Boolean(),
      usn: Type.Optional(Usn),
    }),
    { maxItems: ENTRIES_MAX },
  ),
  problems: Type.Array(
    Type.Object({
      guid: nullable(Uuid),
      subject: Text,
      code: Type.String({ pattern: '^[a-z0-9]+(?:[.-][a-z0-9]+)*$', maxLength: 64 }),
      detail: Text,
    }),
    { maxItems: ENTRIES_MAX },
  ),
  invocationId: Type.Optional(Uuid),
};

/** DirectoryPage. */
export const PageBody = Type.Object({
  ...content,
  last: Type.Boolean(),
  watermark: Type.Optional(Watermark),
  tracking: Type.Optional(
    Type.Object({
      method: Type.Union(changeMethods.map((method) => Type.Literal(method))),
      reason: Text,
      deletionsVisible: Type.Boolean(),
    }),
  ),
  deleted: Type.Optional(Type.Object({ guid: Uuid, usn: Type.Optional(Usn) })),
});

const MemberChanges = Type.Array(Type.Object({ dn: Dn, guid: Type.Optional(Uuid) }), { maxItems: MEMBERS_MAX });

/** DirectoryChangesPage. */
export const ChangesPageBody = Type.Object({
  ...content,
  changes: Type.Array(
    Type.Object({
      guid: Uuid,
      dn: Dn,
      deleted: Type.Boolean(),
      attributes: Attributes,
      memberAdded: MemberChanges,
      memberRemoved: MemberChanges,
      usn: Type.Optional(Usn),
    }),
    { maxItems: ENTRIES_MAX },
  ),
  watermark: Watermark,
});

/** Gives every route of the scope `request.bodyHash`. */
export function hashBodies(app: FastifyInstance): void {
  app.decorateRequest('bodyHash', undefined);
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    request.bodyHash = createHash('sha256').update(body).digest();
    try {
      done(null, JSON.parse(body.toString('utf8')));
    } catch {
      done(new RequestInvalidError('body', [{ path: '', message: 'is not JSON' }]));
    }
  });
}

/**
 * @throws LockstepError Unavailable `page.hash-mismatch`: something on the way changed the body, so it is sent again
 */
export function requireHash(bodyHash: Buffer | undefined, stated: string): Buffer {
  if (bodyHash?.toString('hex') === stated) return bodyHash;
  throw new LockstepError({
    class: 'Unavailable',
    code: 'page.hash-mismatch',
    message: 'The page that arrived is not the page that was sent.',
    next: 'It is sent again. If it happens often, look at the proxies between site and server.',
  });
}

/** PostgreSQL knows no year 0 and no 30th of February. */
function isDayOfCalendar(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  return year > 0 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

/**
 * Bodies of a site are large and nobody mends them by hand: the first thing that is wrong is enough, and a hostile one
 * cannot make the answer, or the time to find it, large.
 */
export function ingestValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const others = createValidatorCompiler();
  const ajv = new Ajv({ allErrors: false, coerceTypes: false, useDefaults: false, removeAdditional: false });
  ajv.addFormat('day-of-calendar', isDayOfCalendar);
  return (route) => {
    if (route.httpPart !== 'body') return others(route);
    const validate = ajv.compile(route.schema);
    return (value: unknown) =>
      validate(value) ? { value } : { error: new RequestInvalidError('body', issuesOf(validate.errors ?? [])) };
  };
}
