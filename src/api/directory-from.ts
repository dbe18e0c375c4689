/** A directory that is added from another one: as it is, but for the domain (MSE calls it "replicate different domain"). */
import type { OrganisationTransaction } from '../archive/database.ts';
import { domainNamed, type ForestDomain, forestDomains, listDomainReaders } from '../archive/forest-domains.ts';
import { findOptionalIntegration } from '../archive/integrations.ts';
import { InvalidInputError, type Issue } from '../archive/record-errors.ts';
import type { DirectorySettings } from '../shared/directory.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { NewDirectory } from './schemas/directories.ts';
import { RequestInvalidError } from './validation.ts';

export interface DirectoryPlace {
  readonly site: string;
  readonly settings: DirectorySettings;
  readonly schedule: Schedule | null | undefined;
  readonly jitterSeconds: number | undefined;
}

/**
 * Site, settings and schedule of a new directory, whether they were given or are those of another one.
 * @throws RequestInvalidError when neither are given, InvalidInputError when they do not go together
 */
export async function placeOf(tx: OrganisationTransaction, input: NewDirectory): Promise<DirectoryPlace> {
  if (input.from !== undefined) return placeFrom(tx, input.from, input);
  const { site, settings, schedule, jitterSeconds } = input;
  if (site === undefined || settings === undefined) {
    throw new RequestInvalidError('body', Object.entries({ site, settings }).flatMap(([name, value]) => (value === undefined ? [{ path: `/${name}`, message: 'is missing' }] : [])));
  }
  const idle = (['domain', 'overrides'] as const).filter((name) => input[name] !== undefined);
  if (idle.length > 0) throw new InvalidInputError(idle.map((name): Issue => ({ path: `/${name}`, message: 'has a meaning only with from' })));
  return { site, settings, schedule, jitterSeconds };
}

async function placeFrom(tx: OrganisationTransaction, name: string, input: NewDirectory): Promise<DirectoryPlace> {
  const from = await findOptionalIntegration(tx, name);
  if (from === undefined) throw new InvalidInputError([{ path: '/from', message: `there is no directory "${name}"` }]);
  if (input.settings !== undefined) throw new InvalidInputError([{ path: '/settings', message: 'are those of the other directory; give what differs in overrides' }]);
  const { overrides = {} } = input;
  const base = overrides.baseDn ?? domainFor(forestDomains(from.findings?.domains ?? [], await listDomainReaders(tx)), name, input).dn;
  return {
    site: input.site ?? from.site_name,
    settings: { ...commonSettings(from.settings), ...overrides, baseDn: base },
    schedule: input.schedule === undefined ? from.schedule : input.schedule,
    jitterSeconds: input.jitterSeconds ?? from.jitter_seconds,
  };
}

/** Where its controller is found, what is read of it and which of its objects count is each domain's own. */
const ofOneDomain: ReadonlySet<string> = new Set<keyof DirectorySettings>(['host', 'port', 'baseDn', 'searchBases', 'filter']);

const commonSettings = (settings: DirectorySettings): DirectorySettings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !ofOneDomain.has(name))) as unknown as DirectorySettings;

function domainFor(domains: readonly ForestDomain[], from: string, { name, domain }: NewDirectory): ForestDomain {
  const refuse = (message: string) => new InvalidInputError([{ path: '/domain', message }]);
  if (domains.length === 0) throw refuse(`the domains of the forest are not known: test ${from} first, or give overrides.baseDn`);
  const found = domainNamed(domains, domain ?? name);
  if (found === undefined) throw refuse(`the forest of ${from} has no domain "${domain ?? name}"; it has ${domains.map(({ dnsName }) => dnsName).join(', ')}`);
  if (found.readBy.length > 0) throw refuse(`${found.dnsName} is read by ${found.readBy.join(', ')} already`);
  return found;
}
