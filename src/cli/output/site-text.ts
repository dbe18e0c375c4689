import type { Site } from '../../api/schemas/sites.ts';
import { fields } from './fields.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { localTime, relativeTime } from './times.ts';

const styles: Readonly<Record<Site['state'], Style>> = { online: 'good', offline: 'bad', pending: 'warn', disabled: 'dim' };
export const siteStyle = (state: Site['state']): Style => styles[state];

/** What each state asks of the reader. */
export function siteNext(site: Pick<Site, 'name' | 'state'>): string | undefined {
  switch (site.state) {
    case 'pending':
      return `Never connected. Get a one-time code for it: lockstep site code ${site.name}`;
    case 'offline':
      return 'No node has been seen for two minutes. Start it on the site: lockstep site';
    case 'disabled':
      return `Let it work again: lockstep site enable ${site.name}`;
    case 'online':
      return undefined;
  }
}

export const sitesTable = (sites: readonly Site[], now: Date, width: number): string =>
  table(
    sites,
    [
      { title: 'SITE', value: (site) => site.name },
      { title: 'STATE', value: (site) => site.state, style: (site) => siteStyle(site.state) },
      { title: 'NODES', value: (site) => `${site.nodes.filter((node) => node.online).length} of ${site.nodes.length}`, align: 'right' },
      { title: 'VERSION', value: (site) => site.version ?? '' },
      { title: 'LAST SEEN', value: (site) => relativeTime(site.lastSeenAt, now) },
      { title: 'DESCRIPTION', value: (site) => site.description, shrink: true },
    ],
    width,
  );

export function siteText(site: Site, now: Date, width: number): string {
  const next = siteNext(site);
  const parts = [
    fields([
      ['site', site.name],
      ['description', site.description],
      ['state', site.state],
      ['version', site.version ?? undefined],
      ['created', localTime(site.createdAt)],
      ['enrolled', localTime(site.enrolledAt)],
      ['last seen', site.lastSeenAt === null ? 'never' : `${localTime(site.lastSeenAt)} (${relativeTime(site.lastSeenAt, now)})`],
      ['id', site.id],
    ]),
  ];
  if (site.nodes.length > 0) {
    parts.push(
      table(
        site.nodes,
        [
          { title: 'NODE', value: (node) => node.node, shrink: true },
          { title: 'STATE', value: (node) => (node.online ? 'online' : 'offline'), style: (node) => (node.online ? 'good' : 'bad') },
          { title: 'VERSION', value: (node) => node.version },
          { title: 'LAST SEEN', value: (node) => relativeTime(node.lastSeenAt, now) },
        ],
        width,
      ),
    );
  }
  if (next !== undefined) parts.push(`→ ${next}`);
  return parts.join('\n\n');
}
