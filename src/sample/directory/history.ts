/**
 * When what of an object was changed, in USNs of this server: AD's replication metadata (replPropertyMetaData and the
 * stamps of link values), without what is still as it was when the object was created.
 */
export interface History {
  readonly created: number;
  /** Of the last change. */
  readonly changed: number;
  /** By attribute, also of those that have no value any more. Links are not here. */
  readonly attributes: ReadonlyMap<string, number>;
  /** Forward link → target → when the value was added or removed. */
  readonly links: ReadonlyMap<string, ReadonlyMap<LinkTarget, number>>;
}

/** What a link points to, however it is called now: an object's id, or the key of a DN that is not here. */
export type LinkTarget = string;

/** Of an object that was just created. */
export const newHistory = (usn: number): History => ({
  created: usn,
  changed: usn,
  attributes: nothing,
  links: noLinks,
});
const nothing: ReadonlyMap<string, number> = new Map();
const noLinks: History['links'] = new Map();

export const attributeUsn = (history: History, name: string): number => history.attributes.get(name) ?? history.created;

export const linkUsn = (history: History, name: string, target: LinkTarget): number =>
  history.links.get(name)?.get(target) ?? history.created;

/** The history after one more change. */
export function changedHistory(
  history: History,
  usn: number,
  attributes: Iterable<string>,
  links: ReadonlyMap<string, Iterable<LinkTarget>> = new Map(),
): History {
  const allAttributes = new Map(history.attributes);
  for (const name of attributes) allAttributes.set(name, usn);
  const allLinks = new Map(history.links);
  for (const [name, targets] of links) {
    const values = new Map(allLinks.get(name));
    for (const target of targets) values.set(target, usn);
    allLinks.set(name, values);
  }
  return { created: history.created, changed: usn, attributes: allAttributes, links: allLinks };
}
