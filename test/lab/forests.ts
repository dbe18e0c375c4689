/** Two account forests and a resource forest in one organisation, for tests of people who are several objects. */
import { withOrganisation } from '../../src/archive/database.ts';
import { findPerson, listPeople, type PersonView } from '../../src/archive/people.ts';
import type { DirectoryEntry, DirectoryMembers, DirectoryPage, DirectoryWatermark } from '../../src/shared/directory.ts';
import { anIntegration, anOrganisation, aRun, aSite, directoryPage, endRun } from './builders.ts';
import type { LabDatabase } from './postgres.ts';
import { openReading, openWatch, postChanges, readAll } from './reading.ts';

export const forestNames = ['one', 'two', 'mail'] as const;
export type ForestName = (typeof forestNames)[number];
const authorities: Record<ForestName, string> = { one: 'S-1-5-21-1-1-1', two: 'S-1-5-21-2-2-2', mail: 'S-1-5-21-9-9-9' };
export const sidOf = (forest: ForestName, rid: number): string => `${authorities[forest]}-${rid}`;
export const dnOf = (forest: ForestName, name: string): string => `CN=${name},OU=People,DC=${forest},DC=example`;

const guids: Record<ForestName, string> = { one: '11111111', two: '22222222', mail: '99999999' };
/** Of an object by its RID: the same whenever it is told. */
export const guidOf = (forest: ForestName, rid: number): string => `${guids[forest]}-0000-4000-8000-${String(rid).padStart(12, '0')}`;

interface ObjectOverrides {
  readonly guid?: string;
  readonly dn?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}
type Attributes = Readonly<Record<string, readonly string[]>>;

function object(forest: ForestName, rid: number, name: string, attributes: Attributes, overrides: ObjectOverrides): DirectoryEntry {
  const whole = { cn: [name], displayName: [name], objectSid: [sidOf(forest, rid)], primaryGroupID: ['513'], whenCreated: ['20240102030405.0Z'], ...attributes, ...overrides.attributes };
  const given = Object.fromEntries(Object.entries(whole).filter(([, values]) => values.length > 0));
  return { guid: overrides.guid ?? guidOf(forest, rid), dn: overrides.dn ?? dnOf(forest, name), attributes: given };
}
const userClasses = ['top', 'person', 'organizationalPerson', 'user'];

/** An enabled account with a telephone number and no mailbox; with `mail` only when the overrides say so. */
export const account = (forest: ForestName, rid: number, name: string, overrides: ObjectOverrides = {}): DirectoryEntry =>
  object(forest, rid, name, { objectClass: userClasses, sAMAccountName: [`u${rid}`], userPrincipalName: [`u${rid}@${forest}.example`], userAccountControl: ['512'], title: ['Engineer'] }, overrides);

/** A disabled account in the resource forest with a mailbox `m<rid>@mail.example`, which the account with SID `master` uses. */
export const linkedMailbox = (rid: number, master: string, overrides: ObjectOverrides = {}): DirectoryEntry =>
  object('mail', rid, `Mailbox ${rid}`, {
    objectClass: userClasses,
    sAMAccountName: [`m${rid}`],
    userAccountControl: ['514'],
    mail: [`m${rid}@mail.example`],
    proxyAddresses: [`SMTP:m${rid}@mail.example`, `smtp:alias${rid}@mail.example`],
    mailNickname: [`m${rid}`],
    msExchRecipientTypeDetails: ['2'],
    msExchMasterAccountSid: [master],
  }, overrides);

/** A group in `forest`. */
export const group = (forest: ForestName, rid: number, name: string, overrides: ObjectOverrides = {}): DirectoryEntry =>
  object(forest, rid, name, { objectClass: ['top', 'group'], sAMAccountName: [name], groupType: ['-2147483640'], primaryGroupID: [] }, overrides);

/** What stands in `forest` for an account of another one. */
export const foreignPrincipal = (forest: ForestName, rid: number, sid: string): DirectoryEntry =>
  object(forest, rid, sid, { objectClass: ['top', 'foreignSecurityPrincipal'], objectSid: [sid], primaryGroupID: [] }, { dn: `CN=${sid},CN=ForeignSecurityPrincipals,DC=${forest},DC=example` });

const watermark: DirectoryWatermark = { method: 'dirsync', dnsHostName: 'dc1.corp.example', invocationId: null, cookie: '' };

export type Forests = Awaited<ReturnType<typeof threeForests>>;

export async function threeForests(lab: LabDatabase) {
  const organisation = await anOrganisation(lab.owner);
  const site = await aSite(lab.owner, organisation);
  const integrations = new Map<ForestName, Awaited<ReturnType<typeof anIntegration>>>();
  for (const name of forestNames) {
    integrations.set(name, await anIntegration(lab.owner, site, { name, settings: { baseDn: `DC=${name},DC=example` } }));
  }
  const integration = (forest: ForestName) => {
    const found = integrations.get(forest);
    if (found === undefined) throw new Error(forest);
    return found;
  };
  const inside = <T>(work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(lab.app, organisation.id, work);
  return {
    organisation,
    integration,
    inside,
    /** One whole reading in one page. */
    async read(forest: ForestName, entries: readonly DirectoryEntry[], members: readonly DirectoryMembers[] = []) {
      const run = await aRun(lab.owner, integration(forest));
      await readAll(lab.app, run, [directoryPage({ entries, members })]);
      await endRun(lab.owner, run);
    },
    /** Begins a reading whose pages are posted one by one; the last ends it. */
    async begin(forest: ForestName) {
      const run = await aRun(lab.owner, integration(forest));
      const reading = await openReading(lab.app, run);
      let seq = 0;
      return async (page: Partial<DirectoryPage>) => {
        await reading.post(seq++, directoryPage(page.last === true ? { ...page, watermark } : page));
        if (page.last === true) await endRun(lab.owner, run);
      };
    },
    /** Tells these objects as changed. False: there is nothing to go on from before a directory was read once. */
    async tell(forest: ForestName, entries: readonly DirectoryEntry[]): Promise<boolean> {
      const run = { org_id: organisation.id, integration_id: integration(forest).id };
      const at = await openWatch(lab.app, run);
      if (at === undefined) return false;
      const answer = await postChanges(lab.app, run, { epoch: at.epoch, seq: at.seq }, { entries, members: [], problems: [], changes: [], watermark });
      if (answer.outcome !== 'applied') throw new Error(`the changes are ${answer.outcome}`);
      return true;
    },
    person: (key: string): Promise<PersonView> => inside((tx) => findPerson(tx, key)),
    /** Everybody who is listed. */
    people: async (): Promise<PersonView[]> =>
      inside(async (tx) => {
        const { items } = await listPeople(tx, { limit: 500 });
        return Promise.all(items.map(({ id }) => findPerson(tx, id)));
      }),
    problems: (code: string) =>
      lab.owner.selectFrom('directory_problem').select(['guid', 'subject', 'detail']).where('org_id', '=', organisation.id).where('code', '=', code).where('resolved_at', 'is', null).orderBy('guid').execute(),
  };
}
