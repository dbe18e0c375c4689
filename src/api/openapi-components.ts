import type { TSchema } from 'typebox';
import { ErrorReport, Problem } from './schemas/common.ts';
import {
  Directory,
  DirectoryChange,
  DirectoryProblem,
  NewDirectory,
  PlanEntry,
  RunSummary,
  Schedule,
  Settings,
  TestStep,
} from './schemas/directories.ts';
import { IssuedToken, NewOrganisation, NewToken, Organisation, Token } from './schemas/organisations.ts';
import { Address, Group, GroupMember, GroupSummary, Person, PersonSummary } from './schemas/people.ts';
import { EnrolmentCode, NewSite, Site, SiteChange, SiteNode } from './schemas/sites.ts';

/** Schemas with a name of their own in the document: what people and generators of clients call them. */
const named: Readonly<Record<string, TSchema>> = {
  Problem,
  ErrorReport,
  Schedule,
  Settings,
  RunSummary,
  TestStep,
  Directory,
  NewDirectory,
  DirectoryChange,
  DirectoryProblem,
  PlanEntry,
  Organisation,
  NewOrganisation,
  Token,
  NewToken,
  IssuedToken,
  SiteNode,
  Site,
  NewSite,
  SiteChange,
  EnrolmentCode,
  Address,
  PersonSummary,
  Person,
  GroupSummary,
  Group,
  GroupMember,
};

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Puts every schema that has a name where it stands into `components`, and a reference in its place. TypeBox writes schemas
 * out wherever they are used; a reader wants to see that it is the same thing.
 */
export function nameSchemas<Document extends object>(document: Document): Document {
  const names = new Map(Object.entries(named).map(([name, schema]) => [keyOf(plain(schema)), name]));
  const replace = (value: Json, within?: string): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => replace(item));
    if (typeof value !== 'object' || value === null) return value;
    const name = names.get(keyOf(value));
    if (name !== undefined && name !== within) return { $ref: `#/components/schemas/${name}` };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item)]));
  };
  const result = replace(plain(document)) as { components?: Record<string, Json> };
  const schemas = Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, replace(plain(schema), name)]));
  return { ...result, components: { ...result.components, schemas } } as unknown as Document;
}

const plain = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Equal for schemas that are equal but for the order of their keys and the description at their top. */
function keyOf(value: Json): string {
  const sorted = (item: Json, top: boolean): Json => {
    if (Array.isArray(item)) return (item as readonly Json[]).map((one) => sorted(one, false));
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(
      Object.entries(item)
        .filter(([key]) => !(top && key === 'description'))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, sorted(one, false)]),
    );
  };
  return JSON.stringify(sorted(value, true));
}
