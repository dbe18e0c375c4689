/**
 * The Temporal UI below the API's own origin. So the decoding cookie is same-origin, the UI's own port stays on loopback, and
 * nobody without the cookie reaches the UI, through which runs can be ended and signalled.
 */
import cookie from '@fastify/cookie';
import httpProxy from '@fastify/http-proxy';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../archive/database.ts';
import type { Keyring } from '../../security/keyring.ts';
import { ApiError } from '../problems.ts';
import { codecRoutes } from './codec-routes.ts';
import { requireSameOrigin, requireUiCookie, setUiCookie, UI_COOKIE } from './ui-access.ts';
import { consumeUiLink } from './ui-link.ts';

/** Where the UI is shown. The UI must serve itself below the same path (`--ui-public-path`, TEMPORAL_UI_PUBLIC_PATH). */
export const TEMPORAL_UI_PATH = '/temporal';
/** What the UI must be told as its codec endpoint (`--ui-codec-endpoint`, TEMPORAL_CODEC_ENDPOINT). */
export const codecEndpoint = (publicUrl: string): string => new URL('/codec', publicUrl).href;

export interface TemporalUiOptions {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'tokenKeys' | 'codecKeys'>;
  /** Address of the UI, without the path: `http://127.0.0.1:8233`. */
  readonly uiUrl: string;
  /** Where browsers reach this API: `https://lockstep.example`. */
  readonly publicUrl: string;
  readonly namespace: string;
}

/** Registered at the root: GET /ui/open, POST /codec/…, and the UI itself. */
export const temporalUiRoutes: FastifyPluginAsyncTypebox<TemporalUiOptions> = async (app, options) => {
  const { database, keyring } = options;
  const secure = new URL(options.publicUrl).protocol === 'https:';
  await app.register(cookie);
  await app.register(codecRoutes, { keyring });

  app.get(
    '/ui/open',
    { schema: { hide: true, querystring: Type.Object({ code: Type.String({ minLength: 1, maxLength: 100 }) }) } },
    async (request, reply) => {
      if (!(await consumeUiLink(database, request.query.code))) throw usedLink();
      await setUiCookie(reply, keyring, secure);
      return reply.header('referrer-policy', 'no-referrer').redirect(`${TEMPORAL_UI_PATH}/namespaces/${encodeURIComponent(options.namespace)}/workflows`);
    },
  );

  await app.register(async (ui) => {
    ui.addHook('onRequest', async (request) => {
      requireSameOrigin(request);
      await requireUiCookie(request, keyring);
    });
    await ui.register(httpProxy, {
      upstream: options.uiUrl,
      prefix: TEMPORAL_UI_PATH,
      rewritePrefix: TEMPORAL_UI_PATH,
      // The UI waits for new events by requests of half a minute: they must not outlive the API.
      destroyAgent: true,
      replyOptions: {
        rewriteRequestHeaders: (_request, headers) => ({ ...headers, cookie: withoutOwnCookie(headers.cookie ?? '') }),
      },
    });
  });
};

/** The UI has no use for the cookie, so it does not get it. */
const withoutOwnCookie = (header: string): string =>
  header
    .split(/;\s*/)
    .filter((pair) => pair !== '' && !pair.startsWith(`${UI_COOKIE}=`))
    .join('; ');

const usedLink = (): ApiError =>
  new ApiError({
    status: 401,
    code: 'ui.link-invalid',
    message: 'This link was used before, or its minute is over.',
    next: 'Run `lockstep ui` again.',
  });
