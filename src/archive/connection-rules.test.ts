import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import { connectionIssues } from './connection-rules.ts';

const good: ConnectionSettings = { type: 'ews', url: 'https://mail.corp.example/EWS/Exchange.asmx', authentication: 'ntlm', account: 'CORP\\svc' };
const oauth = { authority: 'https://login.corp.example/tenant', scope: 'https://mail.corp.example/.default' };

test.each<Partial<ConnectionSettings>>([
  {},
  { url: 'http://127.0.0.2:8080/EWS/Exchange.asmx' },
  { url: 'http://[::1]/EWS/Exchange.asmx' },
  { authentication: 'oauth', oauth },
  { proxy: 'http://proxy.corp.example:3128' },
])('%j makes sense', (change) => {
  expect(connectionIssues({ ...good, ...change })).toEqual([]);
});

test.each<[Partial<ConnectionSettings>, string]>([
  [{ url: 'mail.corp.example' }, '/settings/url'],
  [{ url: 'ftp://mail.corp.example/' }, '/settings/url'],
  [{ url: 'http://mail.corp.example/EWS/Exchange.asmx' }, '/settings/url'],
  [{ url: 'http://127.0.0.1.evil.example/' }, '/settings/url'],
  [{ url: 'https://svc:secret@mail.corp.example/' }, '/settings/url'],
  [{ authentication: 'oauth' }, '/settings/oauth'],
  [{ authentication: 'oauth', oauth: { ...oauth, authority: 'http://login.corp.example' } }, '/settings/oauth/authority'],
  [{ oauth }, '/settings/oauth'],
  [{ proxy: 'proxy:3128' }, '/settings/proxy'],
  [{ proxy: 'http://me:secret@proxy.corp.example' }, '/settings/proxy'],
  [{ caPem: 'nothing' }, '/settings/caPem'],
])('%j is refused at %s', (change, path) => {
  const issues = connectionIssues({ ...good, ...change });
  expect(issues.map((issue) => issue.path)).toEqual([path]);
  expect(JSON.stringify(issues)).not.toContain('secret');
});
