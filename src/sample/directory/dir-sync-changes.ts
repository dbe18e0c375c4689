/**
 * What DirSync answers for one object (MS-ADTS 3.1.1.3.4.1.3). What the section leaves open is from
 * https://learn.microsoft.com/windows/win32/ad/polling-for-changes-using-the-dirsync-control and from Samba, whose own
 * tests were run against Windows.
 */
import { rdnType } from '../../ldap-filter/dn.ts';
import { attributeUsn, linkUsn } from './history.ts';
import type { Limits } from './limits.ts';
import type { AttributeValue } from './model.ts';
import type { StoredObject } from './object-table.ts';
import type { ResponseEntry } from './response.ts';
import { attributeType, isForwardLink, isReplicated } from '../../ldap-filter/schema.ts';
import { ranged, type Selection } from './selection.ts';
import { noValues, valuesOf } from './values.ts';
import type { View } from './view.ts';

export interface ChangesWanted {
  /** Changes after this USN; 0: everything. */
  readonly since: number;
  /** The client has heard nothing yet: what was cleared or removed does not concern it. */
  readonly fromNothing: boolean;
  readonly selection: Selection;
  readonly incrementalValues: boolean;
  readonly limits: Limits;
}
type AnsweredAttribute = ResponseEntry['attributes'][number];

/** Undefined: nothing that was asked for has changed. */
export function changesOf(object: StoredObject, view: View, wanted: ChangesWanted): ResponseEntry | undefined {
  const changed = names(object, wanted.selection)
    .filter((name) => isAnswered(name, object) && view.reads(name))
    .flatMap((name) => (isForwardLink(name) ? link(object, name, view, wanted) : plain(object, name, wanted)));
  if (changed.length === 0) return undefined;
  const identity = changed.some(({ name }) => name === 'name')
    ? ['objectGUID', 'parentGUID', 'instanceType']
    : ['objectGUID', 'instanceType'];
  const always = identity
    .map((name): AnsweredAttribute => ({ name, values: view.store.values(object, name) }))
    .filter(({ name, values }) => values.length > 0 && !changed.some((answered) => answered.name === name));
  const attributes = [...changed, ...always];
  const typesOnly = wanted.selection.typesOnly;
  return { dn: object.dn, attributes: typesOnly ? attributes.map(({ name }) => ({ name, values: [] })) : attributes };
}

/** Attributes that the object had at some time count too: they may have been cleared. */
const names = ({ attributes, history }: StoredObject, { all, wanted }: Selection): string[] => [
  ...new Set([
    ...wanted.map(({ name }) => name),
    ...(all ? [...Object.keys(attributes), ...history.attributes.keys(), ...history.links.keys()] : []),
  ]),
];

/** Not what belongs to this server alone, not the part of the name that `name` says again, and no reason by itself. */
const isAnswered = (name: string, { dn }: StoredObject): boolean =>
  isReplicated(name) &&
  name !== 'objectGUID' &&
  name !== 'parentGUID' &&
  name !== (attributeType(rdnType(dn))?.name ?? '');

function plain(object: StoredObject, name: string, { since, fromNothing }: ChangesWanted): AnsweredAttribute[] {
  const values = valuesOf(object.attributes, name);
  if (values.length > 0) return attributeUsn(object.history, name) > since ? [{ name, values }] : [];
  const cleared = object.history.attributes.get(name);
  return !fromNothing && cleared !== undefined && cleared > since ? [{ name, values: noValues }] : [];
}

function link(
  object: StoredObject,
  name: string,
  view: View,
  { since, fromNothing, incrementalValues, limits }: ChangesWanted,
): AnsweredAttribute[] {
  const values = valuesOf(object.attributes, name);
  const added = values.filter((value) => linkUsn(object.history, name, view.store.linkTarget(value)) > since);
  const removed = fromNothing ? [] : removedValues(object, name, values, view, since);
  if (added.length + removed.length === 0) return [];
  if (!incrementalValues)
    return values.length === 0 ? [{ name, values }] : ranged(name, values, undefined, limits.maxValRange);
  return [
    ...(removed.length === 0 ? [] : [{ name: `${name};range=0-0`, values: removed }]),
    ...(added.length === 0 ? [] : [{ name: `${name};range=1-1`, values: added }]),
  ];
}

/** Links to what was deleted ended without a trace, so they are not answered as removed either. */
function removedValues(
  object: StoredObject,
  name: string,
  values: readonly AttributeValue[],
  view: View,
  since: number,
): string[] {
  const history = [...(object.history.links.get(name) ?? [])].filter(([, usn]) => usn > since);
  if (history.length === 0) return [];
  const present = new Set(values.map((value) => view.store.linkTarget(value)));
  return history.flatMap(([target]) => {
    // A target that was not here when it was linked may have come since.
    const known = view.store.byId(target) ?? view.store.byKey(target);
    if (present.has(known?.id ?? target) || known?.deleted === true) return [];
    if (known !== undefined) return [known.dn];
    return target.includes('=') ? [target] : [];
  });
}
