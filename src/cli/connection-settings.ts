/** The settings of an exchange connection as options of `connection add` and `connection change`. */
import type { Connection } from '../api/schemas/connections.ts';
import { ewsAuthentications } from '../shared/mailbox-contract.ts';
import { number, text, UsageError } from './command.ts';
import { readCaFile } from './ca-file.ts';

export type ConnectionSettings = Connection['settings'];

export const connectionOptions = {
  address: text('url', 'of Exchange Web Services: https://mail.corp.example/EWS/Exchange.asmx'),
  account: text('account', 'who reads: svc@corp.example or CORP\\svc; with oauth the client id'),
  authentication: text('how', 'how it signs in (default: ntlm)', { choices: ewsAuthentications }),
  oauthAuthority: text('url', 'with oauth: where tokens are asked for'),
  oauthScope: text('scope', 'with oauth: what they are for'),
  caFile: text('file', "PEM file of the authority that signed the server's certificate (default: the system's authorities)"),
  proxy: text('url', 'HTTP proxy of the site: http://proxy.corp.example:3128'),
  maxRequests: number('count', 'requests in flight at once, for all mailboxes together (default: 20)', { minimum: 1, maximum: 200 }),
};
export interface GivenConnectionSettings {
  readonly address: string | undefined;
  readonly account: string | undefined;
  readonly authentication: ConnectionSettings['authentication'] | undefined;
  readonly oauthAuthority: string | undefined;
  readonly oauthScope: string | undefined;
  readonly caFile: string | undefined;
  readonly proxy: string | undefined;
  readonly maxRequests: number | undefined;
}

/** Settings that `connection change --unset` gives back to their default, by their option's name. */
const unsettable = { 'ca-file': 'caPem', proxy: 'proxy', 'max-requests': 'maxRequests' } as const satisfies Record<string, keyof ConnectionSettings>;
export const unsettableConnectionNames = Object.keys(unsettable);

/** `before` with what was given. @throws LockstepError ConfigInvalid `cli.file-unreadable` */
export async function withConnectionSettings(before: ConnectionSettings, given: GivenConnectionSettings): Promise<ConnectionSettings> {
  const authentication = given.authentication ?? before.authentication;
  const { oauth: beforeOauth, ...rest } = before;
  const authority = given.oauthAuthority ?? beforeOauth?.authority;
  const scope = given.oauthScope ?? beforeOauth?.scope;
  if (authentication !== 'oauth' && (given.oauthAuthority ?? given.oauthScope) !== undefined) {
    throw new UsageError('--oauth-authority and --oauth-scope have a meaning only with --authentication oauth.');
  }
  return {
    ...rest,
    authentication,
    ...(authentication !== 'oauth' || authority === undefined || scope === undefined ? {} : { oauth: { authority, scope } }),
    ...(given.address === undefined ? {} : { url: given.address }),
    ...(given.account === undefined ? {} : { account: given.account }),
    ...(given.caFile === undefined ? {} : { caPem: await readCaFile(given.caFile) }),
    ...(given.proxy === undefined ? {} : { proxy: given.proxy }),
    ...(given.maxRequests === undefined ? {} : { maxRequests: given.maxRequests }),
  };
}

/** @throws UsageError naming what can be unset */
export function withoutConnectionSettings(settings: ConnectionSettings, names: readonly string[]): ConnectionSettings {
  const kept: ConnectionSettings = { ...settings };
  for (const name of names) {
    if (!isUnsettable(name)) throw new UsageError(`--unset takes ${unsettableConnectionNames.join(', ')}; not "${name}".`);
    delete kept[unsettable[name]];
  }
  return kept;
}
const isUnsettable = (name: string): name is keyof typeof unsettable => Object.hasOwn(unsettable, name);
