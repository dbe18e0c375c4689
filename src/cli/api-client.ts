import type { Verification } from '../api/schemas/archive.ts';
import type { Connection, ConnectionChange, NewConnection } from '../api/schemas/connections.ts';
import type { Configuration, ConfigurationChanges } from '../api/schemas/config.ts';
import type {
  Directory, DirectoryChange, DirectoryProblem, HeldObject, NewDirectory, ObjectQuery, PlanEntry, PlanRequest, Run, RunSummary, StartedRun,
} from '../api/schemas/directories.ts';
import type { AuditEntry } from '../api/schemas/audit.ts';
import type { IssuedToken, NewOrganisation, NewToken, Organisation, OrganisationChange, OwnOrganisation, Token } from '../api/schemas/organisations.ts';
import type { Group, GroupMember, GroupSummary, HistoryEvent, Person, PersonSummary } from '../api/schemas/people.ts';
import type { FolderTree, ItemPage, Mailbox, MailboxSummary, Message, MessageContent, TaskMailbox, TaskStatus, UnreadableItem } from '../api/schemas/mailboxes.ts';
import type { EnrolmentCode, NewSite, Site, SiteChange } from '../api/schemas/sites.ts';
import type {
  Definition,
  DefinitionChange,
  MailboxGroup,
  MailboxGroupChange,
  NewDefinition,
  NewMailboxGroup,
  NewTask,
  NewTaskSchedule,
  ResolvedMailboxes,
  StartedTaskTest,
  Task,
  TaskChange,
  TaskSchedule,
  TaskScheduleChange,
  ResyncRequest,
} from '../api/schemas/tasks.ts';
import { apiBytes, type ApiRequest, apiRequest, type ApiTransportOptions } from './api-transport.ts';

/** One page of a list; `next` goes into `after`. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export interface PageQuery {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** How a mailbox is looked at: as it is, everything that was ever there, or as of a moment. */
export interface ViewQuery {
  readonly full?: boolean | undefined;
  readonly at?: string | undefined;
}

export interface NamedRecords<Record, New, Change> {
  list(query: PageQuery): Promise<Page<Record>>;
  find(name: string): Promise<Record>;
  add(record: New): Promise<Record>;
  change(name: string, change: Change): Promise<Record>;
  remove(name: string): Promise<undefined>;
}

/** What `/readyz` says; no names, because it needs no token. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly state: string; readonly detail: string }>>;
}

export type ApiClient = ReturnType<typeof createApiClient>;

/** The API's routes as functions (src/api/ROUTES.md). What fails throws as `apiRequest` says. */
export function createApiClient(options: ApiTransportOptions) {
  const call = <T>(request: ApiRequest): Promise<T> => apiRequest<T>(options, { ...request, path: `/api/v1${request.path}` });
  const get = <T>(path: string, query?: ApiRequest['query']) => call<T>(query === undefined ? { path } : { path, query });
  const post = <T>(path: string, body?: unknown) => call<T>({ method: 'POST', path, ...(body === undefined ? {} : { body }) });
  const name = encodeURIComponent;
  /** The five routes of records that have a name. */
  const named = <Record, New, Change>(path: string): NamedRecords<Record, New, Change> => ({
    list: (query) => get<Page<Record>>(path, { ...query }),
    find: (record) => get<Record>(`${path}/${name(record)}`),
    add: (record) => post<Record>(path, record),
    change: (record, change) => call<Record>({ method: 'PATCH', path: `${path}/${name(record)}`, body: change }),
    remove: (record) => call<undefined>({ method: 'DELETE', path: `${path}/${name(record)}` }),
  });

  return {
    url: options.url,

    organisations: (query: PageQuery) => get<Page<Organisation>>('/organisations', { ...query }),
    addOrganisation: (organisation: NewOrganisation) => post<Organisation>('/organisations', organisation),
    addFirstToken: (organisation: string, token: NewToken) => post<IssuedToken>(`/organisations/${name(organisation)}/tokens`, token),
    organisation: () => get<OwnOrganisation>('/organisation'),
    changeOrganisation: (change: OrganisationChange) => call<OwnOrganisation>({ method: 'PATCH', path: '/organisation', body: change }),
    audit: (query: PageQuery) => get<Page<AuditEntry>>('/audit', { ...query }),

    tokens: (query: PageQuery) => get<Page<Token>>('/tokens', { ...query }),
    addToken: (token: NewToken) => post<IssuedToken>('/tokens', token),
    revokeToken: (id: string) => call<undefined>({ method: 'DELETE', path: `/tokens/${name(id)}` }),

    sites: (query: PageQuery) => get<Page<Site>>('/sites', { ...query }),
    site: (site: string) => get<Site>(`/sites/${name(site)}`),
    addSite: (site: NewSite) => post<Site>('/sites', site),
    changeSite: (site: string, change: SiteChange) => call<Site>({ method: 'PATCH', path: `/sites/${name(site)}`, body: change }),
    addEnrolmentCode: (site: string) => post<EnrolmentCode>(`/sites/${name(site)}/enrolment-codes`),

    directories: (query: PageQuery) => get<Page<Directory>>('/directories', { ...query }),
    directory: (directory: string) => get<Directory>(`/directories/${name(directory)}`),
    addDirectory: (directory: NewDirectory) => post<Directory>('/directories', directory),
    changeDirectory: (directory: string, change: DirectoryChange) =>
      call<Directory>({ method: 'PATCH', path: `/directories/${name(directory)}`, body: change }),
    removeDirectory: (directory: string) => call<undefined>({ method: 'DELETE', path: `/directories/${name(directory)}` }),
    pauseDirectory: (directory: string) => post<Directory>(`/directories/${name(directory)}/pause`),
    resumeDirectory: (directory: string) => post<Directory>(`/directories/${name(directory)}/resume`),
    startRun: (directory: string, what: 'sync' | 'test') => post<StartedRun>(`/directories/${name(directory)}/${what}`),
    startPlan: (directory: string, request: PlanRequest) => post<StartedRun>(`/directories/${name(directory)}/plan`, request),
    syncObject: (directory: string, object: ObjectQuery) => post<StartedRun>(`/directories/${name(directory)}/objects`, object),
    directoryProblems: (directory: string, query: PageQuery) =>
      get<Page<DirectoryProblem>>(`/directories/${name(directory)}/problems`, { ...query }),

    runs: (query: PageQuery & { integration?: string | undefined; task?: string | undefined; kind?: string | undefined; state?: string | undefined }) =>
      get<Page<RunSummary>>('/runs', { ...query }),
    run: (id: string) => get<Run>(`/runs/${name(id)}`),
    cancelRun: (id: string) => post<RunSummary>(`/runs/${name(id)}/cancel`),
    heldObjects: (id: string, query: PageQuery & { kind?: string | undefined }) => get<Page<HeldObject>>(`/runs/${name(id)}/held`, { ...query }),
    decideRun: (id: string, verb: 'approve' | 'reject', kind: string | undefined) => call<Run>({ method: 'POST', path: `/runs/${name(id)}/${verb}`, query: { kind } }),
    planEntries: (id: string, query: PageQuery & { action?: string | undefined }) => get<Page<PlanEntry>>(`/runs/${name(id)}/plan`, { ...query }),

    people: (query: PageQuery & { search?: string | undefined; at?: string | undefined }) => get<Page<PersonSummary>>('/people', { ...query }),
    person: (idOrAddress: string, query: { at?: string | undefined } = {}) => get<Person>(`/people/${name(idOrAddress)}`, { ...query }),
    personHistory: (idOrAddress: string, query: PageQuery) => get<Page<HistoryEvent>>(`/people/${name(idOrAddress)}/history`, { ...query }),
    groups: (query: PageQuery & { search?: string | undefined; at?: string | undefined }) => get<Page<GroupSummary>>('/groups', { ...query }),
    group: (idOrAddressOrName: string, query: { at?: string | undefined } = {}) => get<Group>(`/groups/${name(idOrAddressOrName)}`, { ...query }),
    groupHistory: (idOrAddressOrName: string, query: PageQuery) => get<Page<HistoryEvent>>(`/groups/${name(idOrAddressOrName)}/history`, { ...query }),
    groupMembers: (id: string, query: PageQuery & { effective?: boolean | undefined; at?: string | undefined }) => get<Page<GroupMember>>(`/groups/${name(id)}/members`, { ...query }),

    connections: named<Connection, NewConnection, ConnectionChange>('/connections'),
    definitions: named<Definition, NewDefinition, DefinitionChange>('/definitions'),
    schedules: named<TaskSchedule, NewTaskSchedule, TaskScheduleChange>('/schedules'),
    mailboxGroups: named<MailboxGroup, NewMailboxGroup, MailboxGroupChange>('/mailbox-groups'),
    resolveMailboxGroup: (group: string) => get<ResolvedMailboxes>(`/mailbox-groups/${name(group)}/mailboxes`),
    tasks: named<Task, NewTask, TaskChange>('/tasks'),
    testConnection: (connection: string, mailbox: string | undefined) => post<StartedRun>(`/connections/${name(connection)}/test`, mailbox === undefined ? {} : { mailbox }),
    testTask: (task: string) => post<StartedTaskTest>(`/tasks/${name(task)}/test`),
    runTask: (task: string) => post<StartedRun>(`/tasks/${name(task)}/run`),
    taskStatus: (task: string) => get<TaskStatus>(`/tasks/${name(task)}/status`),
    taskMailboxes: (task: string, query: PageQuery & { state?: string | undefined }) => get<Page<TaskMailbox>>(`/tasks/${name(task)}/mailboxes`, { ...query }),
    resync: (request: ResyncRequest) => post<{ runs: StartedRun[] }>('/resync', request),
    switchTask: (task: string, verb: 'pause' | 'resume') => post<Task>(`/tasks/${name(task)}/${verb}`),

    mailboxes: (query: PageQuery & { search?: string | undefined; state?: string | undefined }) => get<Page<MailboxSummary>>('/mailboxes', { ...query }),
    mailbox: (idOrAddress: string) => get<Mailbox>(`/mailboxes/${name(idOrAddress)}`),
    folderTree: (idOrAddress: string, view: ViewQuery) => get<FolderTree>(`/mailboxes/${name(idOrAddress)}/folders`, { ...view }),
    items: (idOrAddress: string, folder: string, query: PageQuery & ViewQuery) => get<ItemPage>(`/mailboxes/${name(idOrAddress)}/folders/${name(folder)}/items`, { ...query }),
    message: (idOrAddress: string, item: string, view: ViewQuery) => get<Message>(`/mailboxes/${name(idOrAddress)}/items/${name(item)}`, { ...view }),
    verifyArchive: (after: string | undefined) => get<Verification>('/archive/verification', { after }),
    messageContent: (idOrAddress: string, item: string, view: ViewQuery) => get<MessageContent>(`/mailboxes/${name(idOrAddress)}/items/${name(item)}/parts`, { ...view }),
    /** The `.eml`, or a part of it, decoded. */
    messageBytes: (idOrAddress: string, item: string, part: number | undefined, view: ViewQuery) =>
      apiBytes(options, {
        path: `/api/v1/mailboxes/${name(idOrAddress)}/items/${name(item)}/${part === undefined ? 'eml' : `parts/${part}`}`,
        query: { ...view },
      }),
    unreadableItems: (query: PageQuery & { mailbox?: string | undefined; task?: string | undefined }) => get<Page<UnreadableItem>>('/unreadable-items', { ...query }),

    config: () => get<Configuration>('/config'),
    putConfig: (config: unknown, dryRun: boolean) => call<ConfigurationChanges>({ method: 'PUT', path: '/config', query: { dryRun }, body: config }),
    uiLink: () => post<{ url: string; expiresAt: string }>('/ui-links'),

    /** Needs no token. 503 is an answer: it says what is not ready. */
    ready: () => apiRequest<Readiness>(options, { path: '/readyz', alsoAnswers: [503] }),
  };
}
