/** What the routes of a site's work have in common. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { BlobStore } from '../../archive/blobs/blob-store.ts';
import type { Database } from '../../archive/database.ts';
import { storable } from '../../archive/directory-text.ts';
import { refreshStatistics } from '../../archive/statistics.ts';
import type { Keyring } from '../../security/keyring.ts';
import { directoryCredentialInfo } from '../../security/seal.ts';
import { errorClasses, type ErrorReport, LockstepError } from '../../shared/errors.ts';
import type { IntegrationId, OrganisationId, RunId } from '../../shared/ids.ts';
import type { SitePrincipal } from '../../shared/principal.ts';
import { asBusy, type PagesInWork, type PlaceInWork } from './pages-in-work.ts';

export interface IngestRoutesOptions {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'decrypt'>;
  /** Where content was sent to before it is reported. */
  readonly blobs: Pick<BlobStore, 'get'>;
  authenticateSite(authorizationHeader: string | undefined): Promise<SitePrincipal>;
  /** Called once for each page that was committed, with its number of entries. */
  readonly onPageApplied?: (entries: number) => void;
  /** Begins a run that a watcher needs; absent: the sweeper does, within a minute. */
  readonly startRun?: (organisation: OrganisationId, run: RunId) => Promise<unknown>;
  /** Pages received or applied at once; each holds a database connection. Default 4 of the pool's 10. */
  readonly maxPagesInWork?: number;
}

export type IngestApp = Parameters<FastifyPluginAsyncTypebox<IngestRoutesOptions>>[0];

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route of a site's work. */
    site: SitePrincipal | undefined;
    /** Set where pages are taken. */
    place: PlaceInWork | undefined;
  }
}

export const Position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const PageHeaders = Type.Object({ 'x-page-sha256': Type.String({ pattern: '^[0-9a-f]{64}$' }) });
export const Sentence = Type.String({ maxLength: 4000 });
export const Code = Type.String({ pattern: '^[a-z0-9]+(?:[.-][a-z0-9]+)*$', maxLength: 64 });
export const literals = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));
/** One step of a test. */
export const Step = <T extends string>(names: readonly T[]) =>
  Type.Object({
    step: literals(names),
    outcome: literals(['passed', 'failed', 'skipped'] as const),
    detail: Sentence,
    code: Type.Optional(Code),
    next: Type.Optional(Sentence),
    durationMs: Type.Number({ minimum: 0 }),
  });
export const storableStep = <T extends { detail: string; next?: string }>({ detail, next, ...step }: T) => ({
  ...step,
  detail: storable(detail),
  ...(next === undefined ? {} : { next: storable(next) }),
});
export const ErrorBody = Type.Object({ class: literals(errorClasses), code: Code, message: Sentence, next: Sentence });

/** Only what the contract knows. */
export const errorOf = ({ class: errorClass, code, message, next }: Type.Static<typeof ErrorBody>): ErrorReport => ({
  class: errorClass,
  code,
  message: storable(message),
  next: storable(next),
});

export function siteOf(request: Pick<FastifyRequest, 'site'>): SitePrincipal {
  if (request.site === undefined) throw new Error('an ingest route without a site');
  return request.site;
}

/** Takes a place before the body is read. */
export const takePlace = (pages: PagesInWork) => async (request: FastifyRequest, reply: FastifyReply) => enterPlace(pages, request, reply);

/** @throws ApiError 429 */
export function enterPlace(pages: PagesInWork, request: FastifyRequest, reply: FastifyReply): void {
  const place = pages.enter();
  request.place = place;
  // The site may have hung up while it was authenticated: then there is no 'close' to come.
  if (reply.raw.destroyed || request.raw.destroyed) place.connectionClosed();
  else reply.raw.once('close', () => place.connectionClosed());
}

/** Runs `commit` in the request's place. */
export async function commitInPlace<T>(request: Pick<FastifyRequest, 'place'>, database: Database, commit: () => Promise<T>): Promise<T> {
  const { place } = request;
  if (place === undefined) throw new Error('a page without a place');
  try {
    return await place.applying(async () => {
      const answer = await commit();
      await refreshStatistics(database);
      return answer;
    });
  } catch (error) {
    throw asBusy(error);
  }
}

/** @throws LockstepError ConfigInvalid `directory.credential-missing` */
export function requireCredential(credential: Buffer | null): Buffer {
  if (credential !== null) return credential;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.credential-missing',
    message: 'The directory has no password.',
    next: 'Set it: lockstep directory change NAME --password (or --password-stdin).',
  });
}

/** The credential as it was sealed to the site, base64. Outside of a transaction: the keyring takes a connection of its own. */
export async function sealedCredential(
  keyring: Pick<Keyring, 'decrypt'>,
  site: SitePrincipal,
  integration: IntegrationId,
  credential: Buffer | null,
): Promise<string> {
  const sealed = await keyring.decrypt(site.organisationId, 'secrets', requireCredential(credential), directoryCredentialInfo(integration));
  return sealed.toString('base64');
}
