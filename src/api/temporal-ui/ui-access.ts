/** The cookie that lets a browser use the Temporal UI and have payloads decoded. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Keyring } from '../../security/keyring.ts';
import { signToken, TEMPORAL_UI_COOKIE, verifyToken } from '../../security/signed-token.ts';
import { ApiError } from '../problems.ts';

export const UI_COOKIE = 'lockstep_ui';

/**
 * `SameSite=Lax`, not `Strict`: after a click on the link in a mail or chat a browser follows the redirect to the UI without a
 * strict cookie, and the person would see a refusal. What Lax lets through from elsewhere are navigations by GET, which change
 * nothing here; other requests are checked by requireSameOrigin too, because SameSite does not tell ports of a host apart.
 */
export async function setUiCookie(reply: FastifyReply, keyring: Pick<Keyring, 'tokenKeys'>, secure: boolean): Promise<void> {
  reply.setCookie(UI_COOKIE, await signToken(keyring.tokenKeys(), TEMPORAL_UI_COOKIE, {}), {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: TEMPORAL_UI_COOKIE.lifetimeSeconds,
  });
}

/** @throws ApiError 401 `ui.cookie-missing` */
export async function requireUiCookie(request: FastifyRequest, keyring: Pick<Keyring, 'tokenKeys'>): Promise<void> {
  const cookie = request.cookies[UI_COOKIE];
  if (cookie !== undefined && (await verifyToken(keyring.tokenKeys(), TEMPORAL_UI_COOKIE, cookie)) !== undefined) return;
  throw new ApiError({
    status: 401,
    code: 'ui.cookie-missing',
    message: 'This browser was not let in to the Temporal UI, or its eight hours are over.',
    next: 'Run `lockstep ui` on a machine that has the installation token, and open the link that it prints.',
  });
}

/** Refuses what a page of another origin makes a browser send. @throws ApiError 403 `ui.cross-origin` */
export function requireSameOrigin(request: FastifyRequest): void {
  // Browsers set it, pages cannot (W3C Fetch Metadata); programs that are no browser do not send it.
  const from = request.headers['sec-fetch-site'];
  if (request.method === 'GET' || request.method === 'HEAD' || from === undefined || from === 'same-origin') return;
  throw new ApiError({
    status: 403,
    code: 'ui.cross-origin',
    message: 'Another website asked for this, not the Temporal UI.',
    next: 'Do it in the Temporal UI itself.',
  });
}
