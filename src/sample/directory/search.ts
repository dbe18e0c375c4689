import { dirSync } from './dir-sync.ts';
import { type ExtendedDnForm, withExtendedDns } from './extended-dn.ts';
import type { Fault, Faults, Moment } from './faults.ts';
import type { Grants } from './grants.ts';
import type { Limits } from './limits.ts';
import type { AttributeValue } from './model.ts';
import { writePageAnswer } from './paged-results.ts';
import { continuationReferences, referral } from './referrals.ts';
import type { LdapRequest, SearchOperation } from './request.ts';
import type { ResponseControl, ResponseEntry } from './response.ts';
import { adResults, type LdapResult, resultCodes, success } from './result-codes.ts';
import { foreignRootDse, rootDse, selectRootDse } from './root-dse.ts';
import { readSearchControls, type SearchControls } from './search-controls.ts';
import { type PagedSearches, SearchCursor } from './search-cursor.ts';
import { select, selection } from './selection.ts';
import type { DirectoryStore } from './store.ts';
import { View } from './view.ts';

export interface SearchContext {
  readonly store: DirectoryStore;
  readonly dnsName: string;
  readonly faults: Faults;
  readonly limits: Limits;
}
export interface SearchSession {
  /** Undefined: nobody has bound. */
  readonly grants: Grants | undefined;
  readonly paged: PagedSearches;
  /** The client asked for nothing more, or is gone. */
  readonly abandoned: () => boolean;
}
export type SearchAnswer =
  /** `entries` are made one by one, so that a page of large groups is never in memory as a whole. */
  | {
      readonly kind: 'entries';
      readonly entries: readonly (() => ResponseEntry)[];
      /** URLs. */
      readonly references?: readonly string[];
      readonly result: LdapResult;
      readonly control?: ResponseControl;
    }
  | { readonly kind: 'cut'; readonly entries: readonly (() => ResponseEntry)[] }
  | { readonly kind: 'silence' };

type Search = LdapRequest & SearchOperation;

const without = (result: LdapResult): SearchAnswer => ({ kind: 'entries', entries: [], result });

/** Answers one search request. */
export async function search(request: Search, context: SearchContext, session: SearchSession): Promise<SearchAnswer> {
  const { store, dnsName, faults } = context;
  if (request.base === '' && request.scope === 'base') {
    const dse = faults.take('not-ad') === undefined ? rootDse(store, dnsName) : foreignRootDse(store);
    return withFaults(faults, 'rootdse', {
      kind: 'entries',
      entries: [() => selectRootDse(dse, request.attributes)],
      result: success,
    });
  }
  if (session.grants === undefined) return without(adResults.bindRequired);
  const controls = readSearchControls(request);
  if (controls === 'refused') return without(adResults.controlRefused);
  if (controls.dirSync !== undefined) {
    const round = dirSync(request, controls.dirSync, context, session.grants);
    if ('code' in round) return without(round);
    const entries = round.entries.map((entry) => () => finished(entry, controls.extendedDn, context));
    return withFaults(faults, 'dirsync', { kind: 'entries', entries, result: success, control: round.control });
  }
  const view = new View(store, session.grants, controls.showDeleted);
  const base = store.find(request.base);
  if (base === null) return without(adResults.invalidDn(request.base));
  const elsewhere = base === undefined ? referral(request.base, store) : undefined;
  if (elsewhere !== undefined) return without(adResults.referral(elsewhere));
  if (base === undefined || !view.sees(base)) return without(adResults.noSuchObject(store.bestMatch(request.base)));
  const { paging } = controls;
  if (paging === undefined || paging.cookie.length === 0)
    return page(request, controls, new SearchCursor(view, base, request), context, session);
  const cursor = session.paged.resume(paging.cookie, request);
  if (cursor === undefined) return without(adResults.controlRefused);
  // RFC 2696: the client gives up.
  if (paging.size === 0)
    return { kind: 'entries', entries: [], result: success, control: writePageAnswer(Buffer.alloc(0)) };
  return page(request, controls, cursor, context, session);
}

async function page(
  request: Search,
  { paging, extendedDn, domainScope }: SearchControls,
  cursor: SearchCursor,
  context: SearchContext,
  session: SearchSession,
): Promise<SearchAnswer> {
  const { faults, limits } = context;
  const moment = momentOf(request, cursor.page);
  cursor.page += 1;
  if (
    paging !== undefined &&
    typeof moment === 'object' &&
    faults.take('empty-page', (fault) => fault.page === moment.page) !== undefined
  ) {
    return { kind: 'entries', entries: [], result: success, control: writePageAnswer(session.paged.keep(cursor)) };
  }
  const deadline =
    Date.now() + Math.min(limits.maxQueryDurationMs, (request.timeLimitSeconds || Number.POSITIVE_INFINITY) * 1000);
  const room = request.sizeLimit > 0 ? request.sizeLimit - cursor.returned : Number.POSITIVE_INFINITY;
  const asked =
    paging === undefined || paging.size === 0 ? limits.maxPageSize : Math.min(paging.size, limits.maxPageSize);
  const before = cursor.returned;
  const found = await cursor.next(Math.min(asked, room), () => Date.now() >= deadline || session.abandoned());
  if (found === undefined)
    return session.abandoned() ? { kind: 'silence' } : without({ code: resultCodes.timeLimitExceeded });
  const truncated =
    moment === undefined
      ? undefined
      : faults.take(
          'truncate',
          ({ objects }) => cursor.returned > objects || (cursor.returned === objects && found.more),
        );
  const objects =
    truncated === undefined ? found.objects : found.objects.slice(0, Math.max(0, truncated.objects - before));
  const more = truncated === undefined && found.more;
  const chosen = selection(request.attributes, request.typesOnly);
  const entries = objects.map(
    (object) => () => finished(select(object, cursor.view, chosen, limits), extendedDn, context),
  );
  const exceeded = more && (paging === undefined || cursor.returned === request.sizeLimit);
  // They come with the last page.
  const references = domainScope || more ? [] : continuationReferences(cursor.base, request.scope, context.store);
  return withFaults(faults, moment, {
    kind: 'entries',
    entries,
    references,
    result: exceeded ? { code: resultCodes.sizeLimitExceeded } : success,
    ...(paging === undefined
      ? {}
      : { control: writePageAnswer(more && !exceeded ? session.paged.keep(cursor) : Buffer.alloc(0)) }),
  });
}

function momentOf(request: Search, page: number): Moment | undefined {
  if (request.scope !== 'base') return { page };
  return request.attributes.some((name) => /^member(;|$)/i.test(name)) ? 'group' : undefined;
}

/** The answer, or what a fault makes of it. */
function withFaults(
  faults: Faults,
  moment: Moment | undefined,
  answer: Extract<SearchAnswer, { readonly kind: 'entries' }>,
): SearchAnswer {
  if (moment === undefined) return answer;
  if (faults.takeAt('hang', moment) !== undefined) return { kind: 'silence' };
  const result = faults.takeAt('result', moment);
  if (result !== undefined) return without({ code: result.code });
  if (faults.takeAt('cut', moment) === undefined) return answer;
  return { kind: 'cut', entries: answer.entries.slice(0, Math.floor(answer.entries.length / 2)) };
}

/** The entry as it goes out. */
function finished(
  entry: ResponseEntry,
  extendedDn: ExtendedDnForm | undefined,
  { store, faults }: SearchContext,
): ResponseEntry {
  const spoilt = spoiled(entry, faults);
  return extendedDn === undefined ? spoilt : withExtendedDns(spoilt, store, extendedDn);
}

/** Bytes that are no UTF-8: a Latin-1 `ü` with nothing that makes it a sequence. */
const undecodable = Buffer.from([0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72]);

function spoiled(entry: ResponseEntry, faults: Faults): ResponseEntry {
  const isThis = ({ dn }: Extract<Fault, { readonly dn: string }>) => dn.toLowerCase() === entry.dn.toLowerCase();
  let { attributes } = entry;
  if (faults.take('no-guid', isThis) !== undefined) attributes = attributes.filter(({ name }) => name !== 'objectGUID');
  const spoil = faults.take('undecodable', isThis);
  if (spoil !== undefined) {
    const values: AttributeValue[] = [undecodable];
    attributes = [
      ...attributes.filter(({ name }) => name.toLowerCase() !== spoil.attribute.toLowerCase()),
      { name: spoil.attribute, values },
    ];
  }
  return { dn: entry.dn, attributes };
}
