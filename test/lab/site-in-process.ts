/** A site without Temporal: it reads and watches real directories through the real ingest API, in the process of the test. */
import { pino } from 'pino';
import { watchDirectory, type WatchState } from '../../src/activities/directory/watch-directory.ts';
import type { Directory } from '../../src/api/schemas/directories.ts';
import type { Group, GroupMember, GroupSummary, Person, PersonSummary } from '../../src/api/schemas/people.ts';
import { createIngestClient, type IngestClient } from '../../src/client/ingest-client.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { directoryCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import type { DirectoryWatchTotals } from '../../src/shared/site-contract.ts';
import type { LabApi, LabOrganisation, LabSite } from './api.ts';
import { anIntegration, aRun, endRun, uniqueName } from './builders.ts';
import { totalsOf } from './reading.ts';
import type { ArchiveReader } from './world/archived-world.ts';

type Integration = Awaited<ReturnType<typeof anIntegration>>;
const never = new AbortController().signal;

export interface Watching {
  readonly states: WatchState[];
  stop(): Promise<DirectoryWatchTotals | Error>;
}

export class SiteInProcess {
  readonly #api: LabApi;
  readonly #organisation: LabOrganisation;
  readonly #site: LabSite;
  readonly #ingest: IngestClient;
  readonly #watching: Watching[] = [];

  private constructor(api: LabApi, organisation: LabOrganisation, site: LabSite, baseUrl: string) {
    this.#api = api;
    this.#organisation = organisation;
    this.#site = site;
    this.#ingest = createIngestClient({ baseUrl, token: async () => site.token, patience: { outageMs: 0, firstPauseMs: 5 } });
  }

  /** The site of a new organisation. `baseUrl`: where the API listens. */
  static async enrolled(api: LabApi, baseUrl: string): Promise<SiteInProcess> {
    const organisation = await api.organisation(uniqueName('org'));
    return new SiteInProcess(api, organisation, await organisation.site('site'), baseUrl);
  }

  async directory(name: string, settings: Partial<DirectorySettings>, password: string): Promise<Integration> {
    const integration = await anIntegration(this.#api.lab.owner, this.#site.row, { name, settings: { pollSeconds: 0.1, ...settings } });
    const info = directoryCredentialInfo(integration.id);
    const sealed = await sealTo(this.#site.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(password), info);
    const credential = await this.#api.keyring.encrypt(this.#site.row.org_id, 'secrets', sealed, info);
    await this.#api.lab.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration.id).execute();
    return integration;
  }

  /** Opens what the platform hands out. */
  async #source(integration: Integration, { settings, sealedCredential }: { readonly settings: DirectorySettings; readonly sealedCredential: string }) {
    const password = await openSealed(this.#site.sealPrivateKey, Buffer.from(sealedCredential, 'base64'), directoryCredentialInfo(integration.id));
    return createLdapSource({ settings, password: password.toString() });
  }

  /** A full reading; gives the totals of its run. */
  async read(integration: Integration) {
    const run = await aRun(this.#api.lab.owner, integration);
    const answer = await this.#ingest.openRun(run.id, never);
    const epoch = answer.cursor?.epoch ?? 0;
    let seq = 0;
    for await (const { findings, ...page } of (await this.#source(integration, answer)).read(never)) {
      if (findings !== undefined) await this.#ingest.putReport(run.id, { findings }, never);
      const committed = await this.#ingest.postPage(run.id, { epoch, seq }, page, never);
      if (committed.outcome !== 'applied') throw new Error(committed.outcome);
      ({ seq } = committed);
    }
    await endRun(this.#api.lab.owner, run);
    return totalsOf(this.#api.lab.app, run);
  }

  watch(integration: Integration): Watching {
    const stop = new AbortController();
    const states: WatchState[] = [];
    const outcome = watchDirectory(
      {
        ingest: this.#ingest,
        openSource: (access) => this.#source(integration, access),
        logger: pino({ level: 'silent' }),
        timing: { heartbeatMs: 20, firstWaitMs: 20, longestWaitMs: 50, refreshMs: 200 },
      },
      integration.id,
      { heartbeat: (state) => void states.push(state), signal: stop.signal },
    ).catch((error: unknown) => error as Error);
    const watching: Watching = {
      states,
      stop: () => {
        stop.abort(new Error('stopped'));
        return outcome;
      },
    };
    this.#watching.push(watching);
    return watching;
  }

  async stopWatching(): Promise<void> {
    for (const watching of this.#watching.splice(0)) await watching.stop();
  }

  /** Asks the API as an administrator of the organisation. */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.#api.call(this.#organisation.tokens.admin, 'GET', `/api/v1${path}`);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }

  async #all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const page: { items: T[]; next: string | null } = await this.get(`${path}?limit=100${query}`);
      items.push(...page.items);
      after = page.next;
    }
    return items;
  }

  readonly archive: ArchiveReader = {
    people: () => this.#all<PersonSummary>('/people'),
    person: (id) => this.get<Person>(`/people/${encodeURIComponent(id)}`),
    groups: () => this.#all<GroupSummary>('/groups'),
    group: (id) => this.get<Group>(`/groups/${encodeURIComponent(id)}`),
    members: (id) => this.#all<GroupMember>(`/groups/${encodeURIComponent(id)}/members`),
  };

  shown = (integration: Integration): Promise<Directory> => this.get<Directory>(`/directories/${integration.name}`);
}
