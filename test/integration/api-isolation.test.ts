/**
 * Two organisations in one database cannot read, change or even notice each other: every route of the OpenAPI document, with
 * every kind of token. A route without a row in the table below fails the first test.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { sql } from 'kysely';
import type { StartedRun } from '../../src/api/schemas/directories.ts';
import { recordBlob } from '../../src/archive/blobs/blob-rows.ts';
import { saveContent } from '../../src/archive/content/content-rows.ts';
import { readMimeContent } from '../../src/archive/content/mime-content.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { listGroups } from '../../src/archive/groups.ts';
import { listPeople } from '../../src/archive/people.ts';
import { beginRun, finishRun } from '../../src/archive/runs.ts';
import { planTaskRun } from '../../src/archive/task-run-plan.ts';
import { blobHash, type MailboxKey, type OrganisationId, runId } from '../../src/shared/ids.ts';
import type { ClaimAnswer } from '../../src/shared/mailbox-contract.ts';
import type { ApiScope } from '../../src/shared/principal.ts';
import { type Answer, type LabApi, labApi, type LabOrganisation, type Method } from '../lab/api.ts';
import { directoryPage, groupEntry, membersOf, userEntry } from '../lab/builders.ts';

/** What can be named of an organisation from outside. Every text of it holds its word: `alpha` or `bravo`. */
interface Names {
  readonly organisation: string;
  readonly site: string;
  readonly directory: string;
  readonly integration: string;
  readonly token: string;
  readonly endedRun: string;
  readonly planRun: string;
  readonly openRun: string;
  readonly person: string;
  readonly personAddress: string;
  readonly group: string;
  readonly groupAddress: string;
  readonly groupName: string;
  readonly connection: string;
  readonly definition: string;
  readonly schedule: string;
  readonly mailboxGroup: string;
  readonly task: string;
  readonly taskRun: string;
  readonly testRun: string;
  readonly connectionId: string;
  readonly mailbox: string;
  readonly lease: string;
  readonly mailboxAddress: string;
  readonly folder: string;
  readonly item: string;
}
interface Side {
  readonly lab: LabOrganisation;
  readonly siteToken: string;
  readonly names: Names;
}

const settings = { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true };
const connectionSettings = { type: 'ews', url: 'https://mail.corp.example/EWS/Exchange.asmx', authentication: 'ntlm', account: 'CORP\\svc' };
const nowhere: Names = {
  organisation: 'nobody',
  site: 'ghost-site',
  directory: 'ghost-dir',
  integration: '00000000-0000-4000-8000-000000000004',
  token: '00000000-0000-4000-8000-000000000000',
  endedRun: '00000000-0000-4000-8000-000000000001',
  planRun: '00000000-0000-4000-8000-000000000002',
  openRun: '00000000-0000-4000-8000-000000000003',
  person: '9223372036854775806',
  personAddress: 'ghost.person@corp.example',
  group: '9223372036854775807',
  groupAddress: 'ghost.group@corp.example',
  groupName: 'Ghost Group',
  connection: 'ghost-connection',
  definition: 'ghost-definition',
  schedule: 'ghost-schedule',
  mailboxGroup: 'ghost-mailboxes',
  task: 'ghost-task',
  taskRun: '00000000-0000-4000-8000-000000000005',
  testRun: '00000000-0000-4000-8000-0000000000e9',
  connectionId: '00000000-0000-4000-8000-000000000006',
  mailbox: '00000000-0000-4000-8000-000000000007',
  lease: '00000000-0000-4000-8000-000000000008',
  mailboxAddress: 'ghost.mailbox@corp.example',
  folder: '9223372036854775805',
  item: '9223372036854775804',
};

let api: LabApi;
let alpha: Side;
let bravo: Side;
let before: string;
beforeAll(async () => {
  api = await labApi();
  alpha = await aSide('alpha');
  bravo = await aSide('bravo');
  before = await everythingOf(bravo);
  api.engine.calls.length = 0;
});
afterAll(() => api.close());

/** An organisation with a site, a directory that was read, planned and is being tested, people, groups and problems. */
async function aSide(word: 'alpha' | 'bravo'): Promise<Side> {
  const Word = word === 'alpha' ? 'Alpha' : 'Bravo';
  const lab = await api.organisation(word);
  const site = await lab.site(`${word}-site`);
  const admin = <T>(method: Method, url: string, body?: unknown): Promise<T> => done(api.call(lab.tokens.admin, method, `/api/v1${url}`, body));
  const token = await admin<{ id: string }>('POST', '/tokens', { label: `${word}-token`, scopes: ['read'] });
  await admin('PATCH', '/organisation', { leaveOutPrivate: false });
  const schedule = { kind: 'daily', at: '08:00', timeZone: 'UTC' };
  await admin('POST', '/directories', { name: `${word}-dir`, site: `${word}-site`, description: `${word} directory`, settings: { ...settings, account: `sync@${word}.example` }, password: 'p', schedule });

  const person = userEntry(`${Word} Person`);
  const group = groupEntry(`${Word} Group`);
  const page = directoryPage({
    entries: [person, group],
    members: [membersOf(group, [person])],
    problems: [{ guid: null, subject: `CN=${word}`, code: 'attribute.undecodable', detail: `${word} cannot be read` }],
    last: true,
  });
  const read = async (verb: 'sync' | 'plan') => {
    const { id } = await admin<StartedRun>('POST', `/directories/${word}-dir/${verb}`);
    const { cursor } = await done<{ cursor: { epoch: number; seq: number } }>(api.call(site.token, 'POST', `/site/v1/runs/${id}/open`));
    const body = JSON.stringify(page);
    const hash = { 'x-page-sha256': createHash('sha256').update(body).digest('hex') };
    await done(api.call(site.token, 'POST', `/site/v1/runs/${id}/pages/${cursor.epoch}/${cursor.seq}`, body, hash));
    await withOrganisation(api.lab.app, lab.row.id, (tx) => finishRun(tx, runId(id), { state: 'partial' }));
    return id;
  };
  const planRun = await read('plan');
  const endedRun = await read('sync');
  const openRun = (await admin<StartedRun>('POST', `/directories/${word}-dir/test`)).id;
  const [people, groups] = await withOrganisation(api.lab.app, lab.row.id, async (tx) => [
    await listPeople(tx, { limit: 10 }),
    await listGroups(tx, { limit: 10 }),
  ]);
  await admin('POST', '/connections', { name: `${word}-connection`, site: `${word}-site`, settings: connectionSettings, password: 'p' });
  await admin('POST', '/definitions', { name: `${word}-definition` });
  await admin('POST', '/schedules', { name: `${word}-schedule`, schedule });
  await admin('POST', '/mailbox-groups', { name: `${word}-mailboxes`, source: { kind: 'directory-group', group: `${Word} Group` } });
  const parts = { site: `${word}-site`, definition: `${word}-definition`, schedule: `${word}-schedule`, group: `${word}-mailboxes` };
  await admin('POST', '/tasks', { name: `${word}-task`, ...parts });
  await admin('POST', '/mailbox-groups', { name: `${word}-boxes`, source: { kind: 'mailboxes', addresses: [`${word}.box@corp.example`] } });
  await admin('POST', '/tasks', { name: `${word}-box-task`, ...parts, group: `${word}-boxes` });
  const taskRun = (await admin<StartedRun>('POST', `/tasks/${word}-box-task/run`)).id;
  await withOrganisation(api.lab.app, lab.row.id, async (tx) => {
    await beginRun(tx, runId(taskRun));
    await planTaskRun(tx, runId(taskRun));
  });
  const testRun = (await admin<StartedRun>('POST', `/connections/${word}-connection/test`, { mailbox: `${word}.box@corp.example` })).id;
  const { mailboxes: [claim] } = await done<ClaimAnswer>(api.call(site.token, 'POST', `/site/v1/runs/${taskRun}/mailboxes/claim`, { offset: 0, length: 1 }));
  if (claim === undefined) throw new Error('no mailbox');
  const integration = await api.lab.owner.selectFrom('directory_integration').select('id').where('name', '=', `${word}-dir`).executeTakeFirstOrThrow();
  const contents = await readMailbox(lab.row.id, claim.mailbox, word);
  const names: Names = {
    ...contents,
    organisation: word,
    site: `${word}-site`,
    directory: `${word}-dir`,
    integration: integration.id,
    token: token.id,
    endedRun,
    planRun,
    openRun,
    person: people?.items[0]?.id ?? '',
    personAddress: `${word}.person@corp.example`,
    group: groups?.items[0]?.id ?? '',
    groupAddress: `${word}.group@corp.example`,
    groupName: `${Word} Group`,
    connection: `${word}-connection`,
    definition: `${word}-definition`,
    schedule: `${word}-schedule`,
    mailboxGroup: `${word}-mailboxes`,
    task: `${word}-task`,
    taskRun,
    testRun,
    connectionId: claim.connection,
    mailbox: claim.mailbox,
    lease: claim.lease,
  };
  return { lab, siteToken: site.token, names };
}

/** The mailbox as if it had been read, with an item that could be and one that could not. */
async function readMailbox(org: OrganisationId, key: MailboxKey, word: string): Promise<Pick<Names, 'mailboxAddress' | 'folder' | 'item'>> {
  const { owner } = api.lab;
  const { rows: [mailbox] } = await sql<{ id: string; address: string }>`
    update mailbox set open_pass = 1, completed_pass = 1 where key = ${key} returning id, address`.execute(owner);
  const id = mailbox?.id ?? '';
  await sql`insert into pass (mailbox_id, number, org_id, completed_at) values (${id}, 1, ${org}, now())`.execute(owner);
  const { rows: [folder] } = await sql<{ id: string }>`
    insert into folder (org_id, mailbox_id, source_hash, source_id, parent_hash, name, folder_class, opened_pass, named_pass, epoch)
    values (${org}, ${id}, '\\x01', 'f', '\\x00', ${`${word} folder`}, 'IPF.Note', 1, 1, 1) returning id`.execute(owner);
  const properties = {
    itemClass: 'IPM.Note', subject: `${word} subject`, from: null, to: [], cc: [], bcc: [], sentAt: null, receivedAt: null, createdAt: null, modifiedAt: null, size: 1,
    sensitivity: 'normal', importance: 'normal', isRead: true, isDraft: false, hasAttachments: false, flag: 'none', categories: [], messageId: null, inReplyTo: null, conversationId: null,
  };
  const { rows: [item] } = await sql<{ id: string }>`
    insert into item (mailbox_id, org_id, source_hash, source_id, change_key, folder_id, placed_pass, version_pass, first_pass, item_class, size, sort_at, properties, signature)
    values (${id}, ${org}, '\\x02', 'i', 'c', ${folder?.id}, 1, 1, 1, 'IPM.Note', 1, now(), ${JSON.stringify(properties)}, '\\x03') returning id`.execute(owner);
  await sql`
    insert into item_problem (mailbox_id, source_hash, org_id, source_id, folder_id, code, detail)
    values (${id}, '\\x04', ${org}, 'u', ${folder?.id}, 'item.corrupt', ${`${word} item`})`.execute(owner);
  await readContent(org, item?.id ?? '', word);
  return { mailboxAddress: mailbox?.address ?? '', folder: folder?.id ?? '', item: item?.id ?? '' };
}

async function readContent(org: OrganisationId, item: string, word: string): Promise<void> {
  const message = Buffer.from(`Subject: ${word}\r\n\r\n${word} text`);
  const hash = blobHash(createHash('sha256').update(message).digest('hex'));
  const stored = await api.blobs.storage.put(org, hash, Readable.from([message]));
  const parts = await readMimeContent(Readable.from([message]));
  await withOrganisation(api.lab.app, org, async (tx) => {
    await recordBlob(tx, hash, stored);
    await saveContent(tx, hash, parts);
  });
  await sql`update item set content_state = 'stored', content_id = (select id from content where org_id = ${org}) where id = ${item}`.execute(api.lab.owner);
}

async function done<T>(call: Promise<Answer>): Promise<T> {
  const { status, body, text } = await call;
  if (status >= 300) throw new Error(`set-up was answered ${status}: ${text}`);
  return body as T;
}

/** Every row of an organisation, in every table. */
async function everythingOf({ lab }: Side): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'org_id' order by 1`.execute(api.lab.owner);
  const parts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t where org_id = ${lab.row.id} order by 1`.execute(api.lab.owner);
    parts.push(`${name}:`, ...rows.map(({ row }) => row));
  }
  return parts.join('\n');
}

interface Row {
  readonly access: ApiScope | 'installation' | 'site' | 'none';
  /**
   * What a token of alpha gets when it names what is bravo's. `absent`: what it gets for names that nobody has.
   * `own`: alpha's things alone. `create`: a new thing of its own, though bravo has one of that name. `other`: see the row's own test.
   */
  readonly foreign: 'absent' | 'own' | 'create' | 'other';
  readonly urls: (names: Names) => readonly string[];
  readonly body?: (names: Names) => unknown;
  readonly headers?: (names: Names) => Readonly<Record<string, string>>;
}
const uri = encodeURIComponent;
const page = JSON.stringify(directoryPage());
const changes = JSON.stringify({
  entries: [],
  members: [],
  problems: [],
  changes: [],
  watermark: { method: 'dirsync', dnsHostName: 'dc1.corp.example', invocationId: null, cookie: '' },
});
const key = 'A'.repeat(87);
const enrolment = {
  code: '0000-0000-0000-0000',
  signPublicKey: 'x',
  sealPublicKey: `${key}=`,
  node: 'n',
  version: '1.0.0',
  contract: '1.0',
  signature: `${'A'.repeat(86)}==`,
};
const rotation = { signPublicKey: 'x', sealPublicKey: `${key}=`, credentials: [], signature: enrolment.signature, proof: enrolment.signature };

/** What a site says of a mailbox that it works on. */
const leased = { access: 'site', foreign: 'absent', headers: ({ lease }: Names) => ({ 'x-lockstep-lease': lease }) } as const;

const rows: Readonly<Record<string, Row>> = {
  'GET /healthz': { access: 'none', foreign: 'other', urls: () => ['/healthz'] },
  'GET /readyz': { access: 'none', foreign: 'other', urls: () => ['/readyz'] },
  'GET /metrics': { access: 'none', foreign: 'other', urls: () => ['/metrics'] },

  'GET /api/v1/organisations': { access: 'installation', foreign: 'other', urls: () => ['/api/v1/organisations'] },
  'POST /api/v1/organisations': { access: 'installation', foreign: 'other', urls: () => ['/api/v1/organisations'], body: () => ({ name: 'new' }) },
  'POST /api/v1/organisations/{name}/tokens': {
    access: 'installation',
    foreign: 'other',
    urls: (names) => [`/api/v1/organisations/${names.organisation}/tokens`],
    body: () => ({ label: 'l', scopes: ['admin'] }),
  },
  'POST /api/v1/ui-links': { access: 'installation', foreign: 'other', urls: () => ['/api/v1/ui-links'] },

  'GET /api/v1/organisation': { access: 'read', foreign: 'own', urls: () => ['/api/v1/organisation'] },
  'PATCH /api/v1/organisation': { access: 'admin', foreign: 'own', urls: () => ['/api/v1/organisation'], body: () => ({ leaveOutPrivate: false }) },
  'GET /api/v1/audit': { access: 'admin', foreign: 'own', urls: () => ['/api/v1/audit', '/api/v1/audit?after=1'] },
  'GET /api/v1/tokens': { access: 'admin', foreign: 'own', urls: (names) => ['/api/v1/tokens', `/api/v1/tokens?after=${names.token}`] },
  'POST /api/v1/tokens': { access: 'admin', foreign: 'create', urls: () => ['/api/v1/tokens'], body: () => ({ label: 'bravo-token', scopes: ['read'] }) },
  'DELETE /api/v1/tokens/{id}': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/tokens/${names.token}`] },

  'GET /api/v1/sites': { access: 'read', foreign: 'own', urls: () => ['/api/v1/sites'] },
  'POST /api/v1/sites': { access: 'admin', foreign: 'create', urls: () => ['/api/v1/sites'], body: (names) => ({ name: names.site }) },
  'GET /api/v1/sites/{name}': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/sites/${names.site}`] },
  'PATCH /api/v1/sites/{name}': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/sites/${names.site}`], body: () => ({ disabled: true }) },
  'POST /api/v1/sites/{name}/enrolment-codes': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/sites/${names.site}/enrolment-codes`] },

  'GET /api/v1/directories': { access: 'read', foreign: 'own', urls: () => ['/api/v1/directories'] },
  'POST /api/v1/directories': {
    access: 'admin',
    foreign: 'absent',
    urls: () => ['/api/v1/directories'],
    body: (names) => ({ name: 'mine', site: names.site, settings, password: 'p' }),
  },
  'GET /api/v1/directories/{name}': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/directories/${names.directory}`] },
  'PATCH /api/v1/directories/{name}': {
    access: 'admin',
    foreign: 'absent',
    urls: (names) => [`/api/v1/directories/${names.directory}`],
    body: () => ({ password: 'p', settings: { ...settings, host: 'evil.example' }, schedule: null }),
  },
  'DELETE /api/v1/directories/{name}': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/directories/${names.directory}`] },
  ...Object.fromEntries(
    ['pause', 'resume', 'sync', 'plan', 'test'].map((verb): [string, Row] => [
      `POST /api/v1/directories/{name}/${verb}`,
      { access: 'operate', foreign: 'absent', urls: (names) => [`/api/v1/directories/${names.directory}/${verb}`] },
    ]),
  ),
  'POST /api/v1/directories/{name}/objects': {
    access: 'operate',
    foreign: 'absent',
    urls: (names) => [`/api/v1/directories/${names.directory}/objects`],
    body: (names) => ({ by: 'address', value: names.personAddress }),
  },
  'GET /api/v1/directories/{name}/problems': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/directories/${names.directory}/problems`] },

  'GET /api/v1/runs': { access: 'read', foreign: 'own', urls: () => ['/api/v1/runs', '/api/v1/runs?kind=directory-sync', '/api/v1/runs?state=queued'] },
  'GET /api/v1/runs/{id}': { access: 'read', foreign: 'absent', urls: (names) => [names.endedRun, names.planRun, names.openRun].map((id) => `/api/v1/runs/${id}`) },
  'POST /api/v1/runs/{id}/cancel': { access: 'operate', foreign: 'absent', urls: (names) => [names.openRun, names.endedRun].map((id) => `/api/v1/runs/${id}/cancel`) },
  'GET /api/v1/runs/{id}/held': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/runs/${names.endedRun}/held`] },
  'POST /api/v1/runs/{id}/approve': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/runs/${names.endedRun}/approve`] },
  'POST /api/v1/runs/{id}/reject': { access: 'admin', foreign: 'absent', urls: (names) => [`/api/v1/runs/${names.endedRun}/reject`] },
  'GET /api/v1/runs/{id}/plan': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/runs/${names.planRun}/plan`] },

  'GET /api/v1/people': { access: 'read', foreign: 'own', urls: () => ['/api/v1/people'] },
  'GET /api/v1/people/{reference}': {
    access: 'read',
    foreign: 'absent',
    urls: (names) => [names.person, names.personAddress, names.personAddress.toUpperCase()].map((reference) => `/api/v1/people/${uri(reference)}`),
  },
  'GET /api/v1/people/{reference}/history': {
    access: 'read',
    foreign: 'absent',
    urls: (names) => [names.person, names.personAddress, names.personAddress.toUpperCase()].map((reference) => `/api/v1/people/${uri(reference)}/history`),
  },
  'GET /api/v1/groups': { access: 'read', foreign: 'own', urls: () => ['/api/v1/groups'] },
  'GET /api/v1/groups/{reference}': {
    access: 'read',
    foreign: 'absent',
    urls: (names) => [names.group, names.groupAddress, names.groupName].map((reference) => `/api/v1/groups/${uri(reference)}`),
  },
  'GET /api/v1/groups/{reference}/history': {
    access: 'read',
    foreign: 'absent',
    urls: (names) => [names.group, names.groupAddress, names.groupName].map((reference) => `/api/v1/groups/${uri(reference)}/history`),
  },
  'GET /api/v1/groups/{reference}/members': {
    access: 'read',
    foreign: 'absent',
    urls: (names) =>
      [names.group, names.groupAddress, names.groupName].flatMap((reference) => ['', '?effective=true'].map((query) => `/api/v1/groups/${uri(reference)}/members${query}`)),
  },

  ...Object.fromEntries(
    (
      [
        ['connections', 'connection', { settings: { ...connectionSettings, url: 'https://evil.example/' }, password: 'p' }],
        ['definitions', 'definition', { settings: { withContent: false } }],
        ['schedules', 'schedule', { jitterSeconds: 1 }],
        ['mailbox-groups', 'mailboxGroup', { source: { kind: 'mailboxes', addresses: ['a@b.example'] } }],
        ['tasks', 'task', { schedule: null }],
      ] as const
    ).flatMap(([path, name, change]): [string, Row][] => {
      const urls = (names: Names) => [`/api/v1/${path}/${names[name]}`];
      return [
        [`GET /api/v1/${path}`, { access: 'read', foreign: 'own', urls: () => [`/api/v1/${path}`] }],
        [`GET /api/v1/${path}/{name}`, { access: 'read', foreign: 'absent', urls }],
        [`PATCH /api/v1/${path}/{name}`, { access: 'admin', foreign: 'absent', urls, body: () => change }],
        [`DELETE /api/v1/${path}/{name}`, { access: 'admin', foreign: 'absent', urls }],
      ];
    }),
  ),
  'POST /api/v1/connections': {
    access: 'admin',
    foreign: 'absent',
    urls: () => ['/api/v1/connections'],
    body: (names) => ({ name: 'mine', site: names.site, settings: connectionSettings, password: 'p' }),
  },
  'POST /api/v1/connections/{name}/test': { access: 'operate', foreign: 'absent', urls: (names) => [`/api/v1/connections/${names.connection}/test`] },
  'POST /api/v1/definitions': { access: 'admin', foreign: 'create', urls: () => ['/api/v1/definitions'], body: (names) => ({ name: names.definition }) },
  'POST /api/v1/schedules': {
    access: 'admin',
    foreign: 'create',
    urls: () => ['/api/v1/schedules'],
    body: (names) => ({ name: names.schedule, schedule: { kind: 'daily', at: '08:00', timeZone: 'UTC' } }),
  },
  'POST /api/v1/mailbox-groups': {
    access: 'admin',
    foreign: 'absent',
    urls: () => ['/api/v1/mailbox-groups'],
    body: (names) => ({ name: 'mine', source: { kind: 'directory-group', group: names.group } }),
  },
  'GET /api/v1/mailbox-groups/{name}/mailboxes': {
    access: 'read',
    foreign: 'absent',
    urls: (names) => [`/api/v1/mailbox-groups/${names.mailboxGroup}/mailboxes`],
  },
  'POST /api/v1/tasks': {
    access: 'admin',
    foreign: 'absent',
    urls: () => ['/api/v1/tasks'],
    body: (names) => ({ name: 'mine', site: names.site, definition: names.definition, schedule: names.schedule, group: names.mailboxGroup }),
  },
  ...Object.fromEntries(
    ['pause', 'resume', 'run', 'test'].map((verb): [string, Row] => [
      `POST /api/v1/tasks/{name}/${verb}`,
      { access: 'operate', foreign: 'absent', urls: (names) => [`/api/v1/tasks/${names.task}/${verb}`] },
    ]),
  ),

  'POST /api/v1/resync': { access: 'operate', foreign: 'absent', urls: () => ['/api/v1/resync'], body: (names) => ({ task: names.task }) },

  'GET /api/v1/tasks/{name}/status': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/tasks/${names.task}/status`] },
  'GET /api/v1/tasks/{name}/mailboxes': { access: 'read', foreign: 'absent', urls: (names) => [`/api/v1/tasks/${names.task}/mailboxes`] },
  'GET /api/v1/mailboxes': { access: 'read', foreign: 'own', urls: () => ['/api/v1/mailboxes', '/api/v1/mailboxes?state=pending'] },
  ...Object.fromEntries(
    (
      [
        ['', 'read', () => ''],
        ['/folders', 'admin', () => '/folders'],
        ['/folders/{folder}/items', 'admin', (names) => `/folders/${names.folder}/items`],
        ['/items/{item}', 'admin', (names) => `/items/${names.item}`],
        ['/items/{item}/parts', 'admin', (names) => `/items/${names.item}/parts`],
        ['/items/{item}/parts/{number}', 'admin', (names) => `/items/${names.item}/parts/1`],
        ['/items/{item}/eml', 'admin', (names) => `/items/${names.item}/eml`],
      ] as const satisfies readonly (readonly [string, ApiScope, (names: Names) => string])[]
    ).map(([path, access, rest]): [string, Row] => [
      `GET /api/v1/mailboxes/{mailbox}${path}`,
      { access, foreign: 'absent', urls: (names) => [names.mailbox, names.mailboxAddress].map((reference) => `/api/v1/mailboxes/${uri(reference)}${rest(names)}`) },
    ]),
  ),
  'GET /api/v1/unreadable-items': { access: 'admin', foreign: 'own', urls: () => ['/api/v1/unreadable-items'] },

  'GET /api/v1/archive/verification': { access: 'admin', foreign: 'other', urls: () => ['/api/v1/archive/verification'] },

  'GET /api/v1/config': { access: 'admin', foreign: 'own', urls: () => ['/api/v1/config'] },
  'PUT /api/v1/config': {
    access: 'admin',
    foreign: 'absent',
    urls: () => ['/api/v1/config', '/api/v1/config?dryRun=true'],
    body: (names) => ({ version: 1, directories: [{ name: 'mine', site: names.site, settings }] }),
  },

  'POST /site/v1/enrol': { access: 'none', foreign: 'other', urls: () => ['/site/v1/enrol'], body: () => enrolment },
  'POST /site/v1/token': { access: 'none', foreign: 'other', urls: () => ['/site/v1/token'], body: () => ({ assertion: 'a.b.c', node: 'n', version: '1', contract: '1.0' }) },
  'GET /site/v1/credentials': { access: 'site', foreign: 'other', urls: () => ['/site/v1/credentials'] },
  'POST /site/v1/rotate-keys': { access: 'site', foreign: 'other', urls: () => ['/site/v1/rotate-keys'], body: () => rotation },
  'POST /site/v1/runs/{run}/open': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/runs/${names.openRun}/open`] },
  'POST /site/v1/runs/{run}/pages/{epoch}/{seq}': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/runs/${names.openRun}/pages/1/0`], body: () => page },
  'POST /site/v1/integrations/{integration}/watch': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/integrations/${names.integration}/watch`], body: () => ({}) },
  'POST /site/v1/integrations/{integration}/changes/{epoch}/{seq}': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/integrations/${names.integration}/changes/1/0`], body: () => changes },
  'POST /site/v1/integrations/{integration}/needs-full': {
    access: 'site',
    foreign: 'absent',
    urls: (names) => [`/site/v1/integrations/${names.integration}/needs-full`],
    body: () => ({ epoch: 1, reason: 'sees-less', detail: 'd' }),
  },
  'PUT /site/v1/runs/{run}/report': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/runs/${names.openRun}/report`], body: () => ({ steps: [] }) },
  'PUT /site/v1/runs/{run}/error': {
    access: 'site',
    foreign: 'absent',
    urls: (names) => [`/site/v1/runs/${names.openRun}/error`],
    body: () => ({ class: 'Unavailable', code: 'x.y', message: 'm', next: 'n' }),
  },
  'PUT /site/v1/blobs/{sha256}': { access: 'site', foreign: 'other', urls: () => [`/site/v1/blobs/${'0'.repeat(64)}`] },
  'GET /site/v1/connections/{connection}': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/connections/${names.connectionId}`] },
  'POST /site/v1/runs/{run}/connection-test': { access: 'site', foreign: 'absent', urls: (names) => [`/site/v1/runs/${names.testRun}/connection-test`] },
  'PUT /site/v1/runs/{run}/connection-test': {
    access: 'site',
    foreign: 'absent',
    urls: (names) => [`/site/v1/runs/${names.testRun}/connection-test`],
    body: () => ({ steps: [] }),
  },
  'POST /site/v1/runs/{run}/mailboxes/claim': {
    access: 'site',
    foreign: 'absent',
    urls: (names) => [`/site/v1/runs/${names.taskRun}/mailboxes/claim`],
    body: () => ({ offset: 0, length: 1 }),
  },
  'POST /site/v1/runs/{run}/mailboxes/results': {
    access: 'site',
    foreign: 'absent',
    urls: (names) => [`/site/v1/runs/${names.taskRun}/mailboxes/results`],
    body: ({ lease }) => ({ results: [{ ordinal: 0, lease, outcome: { state: 'finished' } }] }),
  },
  'POST /site/v1/mailboxes/{mailbox}/hierarchy/{epoch}/{seq}': {
    ...leased,
    urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/hierarchy/1/0`],
    body: () => JSON.stringify({ folders: [], removed: [], state: 'YQ==', last: true }),
  },
  'POST /site/v1/mailboxes/{mailbox}/folders/{folder}/{epoch}/{seq}': {
    ...leased,
    urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/folders/1/1/0`],
    body: () => JSON.stringify({ items: [], removed: [], read: [], problems: [], state: 'YQ==', last: true }),
  },
  'POST /site/v1/mailboxes/{mailbox}/hierarchy/restart': { ...leased, urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/hierarchy/restart`] },
  'POST /site/v1/mailboxes/{mailbox}/folders/{folder}/restart': { ...leased, urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/folders/1/restart`] },
  'POST /site/v1/mailboxes/{mailbox}/complete': {
    ...leased,
    urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/complete`],
    body: () => ({ hints: [], failures: [], wrongHints: [], verified: true }),
  },
  'POST /site/v1/mailboxes/{mailbox}/content/next': {
    ...leased,
    urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/content/next`],
    body: () => ({ after: null }),
  },
  'POST /site/v1/mailboxes/{mailbox}/content': {
    ...leased,
    urls: (names) => [`/site/v1/mailboxes/${names.mailbox}/content`],
    body: (names) => ({ items: [{ item: names.item, outcome: 'unreadable', code: 'item.corrupt', detail: '' }] }),
  },
};

const allRows = Object.entries(rows).map(([route, row]) => ({ route, method: route.split(' ')[0] as Method, ...row }));
type TableRow = (typeof allRows)[number];
const having = (...access: Row['access'][]) => allRows.filter((row) => access.includes(row.access));
const scopes = ['read', 'operate', 'admin'] as const;

function ask(token: string | undefined, row: TableRow, url: string, names: Names): Promise<Answer> {
  const body = row.body?.(names);
  const hash = typeof body === 'string' ? { 'x-page-sha256': createHash('sha256').update(body).digest('hex') } : {};
  return api.call(token, row.method, url, body, { ...hash, ...row.headers?.(names) });
}
/** Every address of the row, asked for with bravo's names. */
const askAll = (token: string | undefined, row: TableRow): Promise<Answer[]> =>
  Promise.all(row.urls(bravo.names).map((url) => ask(token, row, url, bravo.names)));
const sufficient = (row: TableRow, side: Side): string =>
  row.access === 'installation' ? api.installationToken : row.access === 'site' ? side.siteToken : row.access === 'none' ? '' : side.lab.tokens[row.access];

test('every route of the API reference has a row here', async () => {
  await api.app.ready();
  const { paths } = api.app.swagger() as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(Object.keys(rows).sort()).toEqual(routes.sort());
});

test('each row is real: its own organisation is answered', async () => {
  const wrong: string[] = [];
  for (const row of allRows.filter((one) => one.method === 'GET')) {
    for (const url of row.urls(bravo.names)) {
      const { status } = await ask(sufficient(row, bravo), row, url, bravo.names);
      if (status !== 200) wrong.push(`${url} ${status}`);
    }
  }
  expect(wrong).toEqual([]);
  // From here on the tokens count as used.
  for (const token of Object.values(bravo.lab.tokens)) await api.call(token, 'GET', '/api/v1/organisation');
  before = await everythingOf(bravo);
});

describe.each(having('read', 'operate', 'admin', 'installation', 'site'))('$route', (row) => {
  test('answers 401 without a token', async () => {
    for (const { status, headers } of await askAll(undefined, row)) {
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="lockstep"']);
    }
  });
});

describe.each(having('read', 'operate', 'admin', 'installation'))('$route', (row) => {
  test('answers 401 to the token of a site', async () => {
    for (const { status } of await askAll(bravo.siteToken, row)) expect(status).toBe(401);
  });
});

describe.each(having('site'))('$route', (row) => {
  test('answers 401 to every token of the API', async () => {
    for (const token of [...Object.values(bravo.lab.tokens), api.installationToken]) {
      for (const { status } of await askAll(token, row)) expect(status).toBe(401);
    }
  });
});

describe.each(having('read', 'operate', 'admin'))('$route', (row) => {
  test('answers 403 to the token of the installation', async () => {
    for (const { status, body } of await askAll(api.installationToken, row)) {
      expect([status, body]).toEqual([403, expect.objectContaining({ code: 'auth.organisation-only' })]);
    }
  });
  test('answers 403 to a scope that is too small, even at home', async () => {
    for (const scope of scopes.slice(0, scopes.indexOf(row.access as ApiScope))) {
      for (const { status, body } of await askAll(bravo.lab.tokens[scope], row)) {
        expect([scope, status, body]).toEqual([scope, 403, expect.objectContaining({ code: 'auth.scope-missing' })]);
      }
    }
  });
});

describe.each(having('installation'))('$route', (row) => {
  test('answers 403 to every token of an organisation', async () => {
    for (const token of Object.values(bravo.lab.tokens)) {
      for (const { status, body } of await askAll(token, row)) expect([status, body]).toEqual([403, expect.objectContaining({ code: 'auth.installation-only' })]);
    }
  });
});

describe.each(allRows.filter((row) => row.foreign === 'absent'))('$route', (row) => {
  test('answers for what is of another organisation exactly as for what nobody has', async () => {
    const theirs = row.urls(bravo.names);
    const nobodys = row.urls(nowhere);
    for (const [index, url] of theirs.entries()) {
      const token = sufficient(row, alpha);
      const foreign = await ask(token, row, url, bravo.names);
      const absent = await ask(token, row, nobodys[index] ?? '', nowhere);
      expect([404, 422]).toContain(foreign.status);
      expect([url, foreign.status, anonymous(foreign.text, bravo.names)]).toEqual([url, absent.status, anonymous(absent.text, nowhere)]);
    }
  });
});

/** The name that was asked for is repeated in the answer, and nothing else may differ. */
const anonymous = (text: string, { site, directory, connection, definition, schedule, mailboxGroup, task, group }: Names): string =>
  // An id of a group is a few digits: only where it is quoted.
  [site, directory, connection, definition, schedule, mailboxGroup, task, `\\"${group}\\"`].reduce((rest, name, at) => rest.replaceAll(name, `<name ${at}>`), text);

describe.each(allRows.filter((row) => row.foreign === 'own'))('$route', (row) => {
  test('answers what is of the own organisation, and nothing of another', async () => {
    for (const [index, url] of row.urls(bravo.names).entries()) {
      const { status, text } = await ask(sufficient(row, alpha), row, url, bravo.names);
      expect([status, text]).toEqual([200, expect.not.stringMatching(/bravo/i)]);
      if (index === 0) expect(text).toMatch(/alpha/i);
      expect(text).not.toContain(bravo.lab.row.id);
    }
  });
});

describe.each(allRows.filter((row) => row.foreign === 'create'))('$route', (row) => {
  test('makes a thing of the own organisation under a name that another has', async () => {
    const organisation = await api.organisation(`fresh-${allRows.indexOf(row)}`);
    const [answer] = await askAll(organisation.tokens.admin, row);
    expect(answer?.status).toBe(201);
  });
});

describe('lists with filters', () => {
  const alphas = (url: string) => api.call(alpha.lab.tokens.read, 'GET', `/api/v1${url}`);
  test('by the names of another organisation are empty', async () => {
    for (const url of ['/runs?integration=bravo-dir', '/people?search=bravo', '/people?search=bravo.person@corp.example', '/groups?search=Bravo%20Group', '/mailboxes?search=bravo']) {
      expect([url, (await alphas(url)).body]).toEqual([url, { items: [], next: null }]);
    }
  });
  test('of items that could not be read answer for mailboxes and tasks of another as for those that nobody has', async () => {
    const asked = (names: Names) =>
      [`mailbox=${names.mailbox}`, `mailbox=${names.mailboxAddress}`, `task=${names.task}`].map(async (filter) => {
        const { status, text } = await api.call(alpha.lab.tokens.admin, 'GET', `/api/v1/unreadable-items?${filter}`);
        return [status, text.replaceAll(names.task, '<task>')];
      });
    const [foreign, absent] = [await Promise.all(asked(bravo.names)), await Promise.all(asked(nowhere))];
    expect(foreign).toEqual(absent);
    expect(foreign.map(([status]) => status)).toEqual([404, 404, 404]);
  });
  test('name no folder and no item of another through a mailbox of the own', async () => {
    const mine = `/api/v1/mailboxes/${alpha.names.mailbox}`;
    for (const url of [`${mine}/folders/${bravo.names.folder}/items`, `${mine}/items/${bravo.names.item}`]) {
      expect(await api.call(alpha.lab.tokens.admin, 'GET', url)).toMatchObject({ status: 404 });
    }
  });
  test('continued from a place of another organisation show the own only', async () => {
    const { next } = (await api.call(bravo.lab.tokens.read, 'GET', '/api/v1/runs?limit=1')).body as { next: string };
    const { text } = await alphas(`/runs?after=${next}`);
    expect(text).not.toMatch(/bravo/i);
  });
});

describe('the installation', () => {
  test('lists organisations, and nothing of what is in them', async () => {
    const { status, text } = await api.call(api.installationToken, 'GET', '/api/v1/organisations');
    expect(status).toBe(200);
    for (const word of ['-site', '-dir', 'Person', 'Group', '-token']) expect(text).not.toContain(word);
  });
  test('cannot let itself into an organisation that has a token', async () => {
    const answer = await api.call(api.installationToken, 'POST', '/api/v1/organisations/bravo/tokens', { label: 'l', scopes: ['admin'] });
    expect(answer).toMatchObject({ status: 409, body: { code: 'organisation.has-tokens' } });
  });
});

test('a blob of one organisation is unknown to another', async () => {
  const { rows: [blob] } = await sql<{ hash: string }>`select encode(sha256, 'hex') as hash from blob where org_id = ${bravo.lab.row.id}`.execute(api.lab.owner);
  const stored = async ({ siteToken }: Side) => {
    const { headers } = await api.app.inject({ method: 'HEAD', url: `/site/v1/blobs/${blob?.hash ?? ''}`, headers: { authorization: `Bearer ${siteToken}` } });
    return headers['upload-complete'];
  };
  expect([await stored(bravo), await stored(alpha)]).toEqual(['?1', '?0']);
});

describe('a site', () => {
  test('gets the credentials of its own integrations and connections only', async () => {
    const contexts = async (token: string) =>
      ((await api.call(token, 'GET', '/site/v1/credentials')).body as { credentials: { context: string }[] }).credentials.map(({ context }) => context);
    const [mine, theirs] = [await contexts(alpha.siteToken), await contexts(bravo.siteToken)];
    expect(mine.map((context) => context.split(':')[0])).toEqual(['directory-credential', 'connection-credential']);
    expect(mine.filter((context) => theirs.includes(context))).toEqual([]);
  });
  test('cannot reach a run of another site of its own organisation', async () => {
    const second = await bravo.lab.site('second-site');
    expect((await api.call(second.token, 'POST', `/site/v1/runs/${bravo.names.openRun}/open`)).status).toBe(404);
    await sql`delete from site_node where site_id = ${second.row.id}`.execute(api.lab.owner);
    await sql`delete from site where id = ${second.row.id}`.execute(api.lab.owner);
  });
});

test('routes without a token say nothing of anybody', async () => {
  for (const row of having('none')) {
    for (const { text } of await askAll(undefined, row)) expect([row.route, text]).toEqual([row.route, expect.not.stringMatching(/alpha|bravo/i)]);
  }
});

test('after all this, nothing of the other organisation is changed, and nothing was asked of Temporal for it', async () => {
  // Tokens were used, and a site was seen: that is all.
  const settled = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00/g, 'T');
  expect(settled(await everythingOf(bravo))).toBe(settled(before));
  expect(api.engine.calls.filter((call) => call.includes(bravo.lab.row.id) && !call.startsWith('skipped'))).toEqual([]);
});
