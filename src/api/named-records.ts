/** The five routes of a kind of record that has a name: list, add, show, change, remove. */
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { type Database, type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import type { NameRange } from '../archive/keyset.ts';
import type { OrganisationId } from '../shared/ids.ts';
import { organisationOf } from './access.ts';
import { page } from './schemas/common.ts';
import { ListQuery, NamedPath, namePage } from './schemas/lists.ts';
import { answer, problems } from './schemas/responses.ts';

/** `Row`: as the archive has it. */
export interface NamedRecords<Row extends { readonly name: string }, Answer extends TSchema, New extends TSchema, Change extends TSchema> {
  readonly path: string;
  /** In operation ids: `Task` makes listTasks, createTask, … */
  readonly one: string;
  readonly many: string;
  /** In sentences, with its article. */
  readonly words: { readonly one: string; readonly many: string };
  readonly schemas: { readonly answer: Answer; readonly create: New; readonly change: Change };
  readonly descriptions: { readonly create?: string; readonly change: string; readonly remove: string };
  list(tx: OrganisationTransaction, range: NameRange): Promise<Row[]>;
  find(tx: OrganisationTransaction, name: string): Promise<Row>;
  create(organisation: OrganisationId, input: Static<New>): Promise<Row>;
  change(organisation: OrganisationId, name: string, change: Static<Change>): Promise<Row>;
  remove(organisation: OrganisationId, name: string): Promise<void>;
  /** As the API shows them, in the same order. */
  answers(organisation: OrganisationId, rows: readonly Row[]): Promise<Static<Answer>[]>;
}

export function namedRecordRoutes<Row extends { readonly name: string }, Answer extends TSchema, New extends TSchema, Change extends TSchema>(
  app: FastifyInstance,
  database: Database,
  records: NamedRecords<Row, Answer, New, Change>,
): void {
  const { path, one, many, words, schemas, descriptions } = records;
  const tags = [path.slice(1)];
  const named = `${path}/:name`;
  const oneAnswer = async (organisation: OrganisationId, row: Row): Promise<Static<Answer>> => {
    const [one] = await records.answers(organisation, [row]);
    if (one === undefined) throw new Error('no answer for a row');
    return one;
  };

  app.get<{ Querystring: Static<typeof ListQuery> }>(
    path,
    {
      config: { access: 'read' },
      schema: {
        operationId: `list${many}`,
        summary: `List ${words.many}`,
        tags,
        querystring: ListQuery,
        response: { 200: answer(page(schemas.answer), 'By name'), ...problems(400) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const found = await withOrganisation(database, organisation, (tx) => namePage(request.query, (range) => records.list(tx, range)));
      return { items: await records.answers(organisation, found.items), next: found.next };
    },
  );

  app.post<{ Body: unknown }>(
    path,
    {
      config: { access: 'admin' },
      schema: {
        operationId: `create${one}`,
        summary: `Add ${words.one}`,
        ...(descriptions.create === undefined ? {} : { description: descriptions.create }),
        tags,
        body: schemas.create,
        response: { 201: answer(schemas.answer, 'Added'), ...problems(400, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const row = await records.create(organisation, request.body as Static<New>);
      return reply.code(201).send(await oneAnswer(organisation, row));
    },
  );

  app.get<{ Params: Static<typeof NamedPath> }>(
    named,
    {
      config: { access: 'read' },
      schema: {
        operationId: `get${one}`,
        summary: `Show ${words.one}`,
        tags,
        params: NamedPath,
        response: { 200: answer(schemas.answer, 'As it is now'), ...problems(400, 404) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      return oneAnswer(organisation, await withOrganisation(database, organisation, (tx) => records.find(tx, request.params.name)));
    },
  );

  app.patch<{ Params: Static<typeof NamedPath>; Body: unknown }>(
    named,
    {
      config: { access: 'admin' },
      schema: {
        operationId: `change${one}`,
        summary: `Change ${words.one}`,
        description: descriptions.change,
        tags,
        params: NamedPath,
        body: schemas.change,
        response: { 200: answer(schemas.answer, 'As it is now'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      return oneAnswer(organisation, await records.change(organisation, request.params.name, request.body as Static<Change>));
    },
  );

  app.delete<{ Params: Static<typeof NamedPath> }>(
    named,
    {
      config: { access: 'admin' },
      schema: {
        operationId: `remove${one}`,
        summary: `Remove ${words.one}`,
        description: descriptions.remove,
        tags,
        params: NamedPath,
        response: { 204: answer(Type.Null(), 'Removed'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      await records.remove(organisationOf(request), request.params.name);
      return reply.code(204).send(null);
    },
  );
}
