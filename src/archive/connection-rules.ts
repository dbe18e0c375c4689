import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import { pemIssue } from './pem-rules.ts';
import type { Issue } from './record-errors.ts';

/** What is wrong with settings of an exchange connection whose shape is right, found without asking Exchange. */
export function connectionIssues(settings: ConnectionSettings, path = '/settings'): Issue[] {
  const issues: Issue[] = [];
  const report = (field: string, message: string | undefined): void => {
    if (message !== undefined) issues.push({ path: `${path}/${field}`, message });
  };
  report('url', urlIssue(settings.url));
  if (settings.caPem !== undefined) {
    report('caPem', settings.url.startsWith('http:') ? 'has no meaning with http' : pemIssue(settings.caPem));
  }
  if (settings.proxy !== undefined) report('proxy', proxyIssue(settings.proxy));
  if (settings.authentication === 'oauth') {
    if (settings.oauth === undefined) report('oauth', 'is missing: where tokens are asked for, and for what');
    else report('oauth/authority', authorityIssue(settings.oauth.authority));
  } else if (settings.oauth !== undefined) {
    report('oauth', `has no meaning with authentication ${settings.authentication}`);
  }
  return issues;
}

const loopback = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

/** Credentials cross the network in clear text with Basic and http: only a loopback address may be reached so. */
function secureUrlIssue(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is no URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) return 'must begin with https://: the password would cross the network in clear text';
  return url.username === '' && url.password === '' ? undefined : 'holds a user name or password; they have fields of their own';
}

function urlIssue(text: string): string | undefined {
  const issue = secureUrlIssue(text);
  if (issue !== undefined) return `${issue}; write https://mail.corp.example/EWS/Exchange.asmx`;
  return new URL(text).hash === '' ? undefined : 'must have no #';
}

const authorityIssue = (text: string): string | undefined => secureUrlIssue(text);

function proxyIssue(text: string): string | undefined {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return 'is no proxy; write http://proxy.corp.example:3128';
  const { username, password } = new URL(text);
  return username === '' && password === '' ? undefined : 'holds a user name or password, which would be stored unprotected';
}
