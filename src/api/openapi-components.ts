import type { TSchema } from 'typebox';
import { ErrorReport, Problem } from './schemas/common.ts';
import { Configuration, ConfigurationChanges } from './schemas/config.ts';
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
import { AuditEntry } from './schemas/audit.ts';
import { FolderTree, ItemPage, ListedItem, Mailbox, MailboxSummary, Message, TaskMailbox, TaskStatus, UnreadableItem, ViewedPass } from './schemas/mailboxes.ts';
import { IssuedToken, NewOrganisation, NewToken, Organisation, OrganisationChange, OwnOrganisation, Token } from './schemas/organisations.ts';
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
  OwnOrganisation,
  OrganisationChange,
  AuditEntry,
  Token,
  NewToken,
  IssuedToken,
  SiteNode,
  Site,
  NewSite,
  SiteChange,
  EnrolmentCode,
  Configuration,
  ConfigurationChanges,
  Address,
  PersonSummary,
  Person,
  GroupSummary,
  Group,
  GroupMember,
  MailboxSummary,
  Mailbox,
  ViewedPass,
  FolderTree,
  ListedItem,
  ItemPage,
  Message,
  UnreadableItem,
  TaskStatus,
  TaskMailbox,
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

const plain = (value: object): Json => tidy(JSON.parse(JSON.stringify(value)) as Json);

/** A union of constants as the one enumeration that it is; a record as @fastify/swagger writes it. */
function tidy(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  const { const: constant, patternProperties, ...rest } = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tidy(item)]));
  const [items] = Object.values(patternProperties ?? {}) as readonly Json[];
  const tidied: Readonly<Record<string, Json>> = { ...rest, ...(constant === undefined ? {} : { enum: [constant] }), ...(items === undefined ? {} : { additionalProperties: items }) };
  const { anyOf, ...others } = tidied;
  const constants = Array.isArray(anyOf) ? (anyOf as readonly Json[]).map(constantsOf) : [];
  if (constants.length === 0 || constants.some((one) => one === undefined)) return tidied;
  return { type: 'string', enum: constants.flatMap((one) => one ?? []), ...others };
}

/** The values of `{ type: 'string', enum: […] }` with nothing else in it. */
function constantsOf(schema: Json): readonly Json[] | undefined {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
  const { type, enum: values, ...rest } = schema as { readonly [key: string]: Json };
  return type === 'string' && Array.isArray(values) && Object.keys(rest).length === 0 ? (values as readonly Json[]) : undefined;
}

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
