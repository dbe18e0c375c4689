/**
 * What tasks are put together from and share: definitions, schedules, mailbox groups. Each is a named row with some columns of its own,
 * and knows its users.
 */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { OrganisationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { refuseWhileUsed } from './in-use.ts';
import type { NameRange } from './keyset.ts';
import { InvalidInputError, type Issue, nameTaken, NotFoundError } from './record-errors.ts';

interface PartKind<Id, Columns> {
  readonly table: 'definition' | 'task_schedule' | 'mailbox_group';
  /** In codes, and in sentences. */
  readonly codePrefix: string;
  readonly words: string;
  /** Of its own; `json`: stored as jsonb. */
  readonly columns: Readonly<Record<keyof Columns & string, 'json' | 'plain'>>;
  /** Of the table task. */
  readonly usedBy: 'definition_id' | 'schedule_id' | 'group_id';
  idOf(text: string): Id;
  issues(values: Partial<Columns>): readonly Issue[];
}

export type TaskPart<Id, Columns> = Columns & {
  readonly id: Id;
  readonly name: string;
  readonly description: string;
  readonly created_at: Date;
  readonly changed_at: Date;
  /** Names of the tasks that use it. */
  readonly tasks: readonly string[];
};
export type NewTaskPart<Columns> = Columns & { readonly name: string; readonly description?: string | undefined };
/** Absent = unchanged. */
export type TaskPartChange<Columns> = { readonly [Key in keyof Columns]?: Columns[Key] | undefined } & { readonly description?: string | undefined };

/** The verbs of one kind; errors as each says. */
export function taskParts<Id, Columns extends object>(kind: PartKind<Id, Columns>) {
  type Part = TaskPart<Id, Columns>;
  const own = Object.entries<'json' | 'plain'>(kind.columns);
  const table = sql.table(kind.table);
  const value = (values: object, column: string, form: 'json' | 'plain'): RawBuilder<unknown> => {
    const given = (values as Readonly<Record<string, unknown>>)[column];
    return form === 'json' ? sql`${JSON.stringify(given)}::jsonb` : sql`${given}`;
  };
  const select = (where: RawBuilder<unknown>) => sql<Part>`
    select part.id, part.name, part.description, ${sql.join(own.map(([column]) => sql.ref(`part.${column}`)))}, part.created_at, part.changed_at,
      array(select task.name from task where ${sql.ref(`task.${kind.usedBy}`)} = part.id order by task.name) as tasks
    from ${table} part
    ${where}`;
  const refuse = (values: Partial<Columns>): void => {
    const issues = kind.issues(values);
    if (issues.length > 0) throw new InvalidInputError(issues);
  };

  async function findOptional(tx: OrganisationTransaction, name: string): Promise<Part | undefined> {
    return (await select(sql`where part.name = ${name}`).execute(tx)).rows[0];
  }
  /** @throws NotFoundError */
  async function find(tx: OrganisationTransaction, name: string): Promise<Part> {
    const found = await findOptional(tx, name);
    if (found === undefined) throw new NotFoundError(`${kind.words} "${name}"`);
    return found;
  }
  return {
    findOptional,
    find,
    /** By name. */
    async list(tx: OrganisationTransaction, { after = '', limit }: NameRange = {}): Promise<Part[]> {
      return (await select(sql`where part.name > ${after} order by part.name limit ${limit ?? null}`).execute(tx)).rows;
    },
    /** @throws InvalidInputError; ConflictError `<code>.name-taken` */
    async create(tx: OrganisationTransaction, organisation: OrganisationId, input: NewTaskPart<Columns>): Promise<Part> {
      refuse(input);
      await sql`
        insert into ${table} (id, org_id, name, description, ${sql.join(own.map(([column]) => sql.ref(column)))})
        values (${kind.idOf(randomUUID())}, ${organisation}, ${input.name}, ${input.description ?? ''}, ${sql.join(own.map(([column, form]) => value(input, column, form)))})`
        .execute(tx)
        .catch(nameTaken(kind.codePrefix, input.name, kind.words));
      return find(tx, input.name);
    },
    /** Takes effect with the next run of its tasks. @throws InvalidInputError, NotFoundError */
    async change(tx: OrganisationTransaction, name: string, change: TaskPartChange<Columns>): Promise<Part> {
      const given = change as Readonly<Record<string, unknown>>;
      refuse(change);
      const sets = [
        sql`changed_at = now()`,
        ...(change.description === undefined ? [] : [sql`description = ${change.description}`]),
        ...own.flatMap(([column, form]) => (given[column] === undefined ? [] : [sql`${sql.ref(column)} = ${value(change, column, form)}`])),
      ];
      await sql`update ${table} set ${sql.join(sets)} where name = ${name}`.execute(tx);
      return find(tx, name);
    },
    /** @throws NotFoundError; ConflictError `<code>.in-use` with the names of the tasks */
    async remove(tx: OrganisationTransaction, name: string): Promise<void> {
      // A task that begins to use it holds a key-share lock on the row, or waits for this one and finds no row.
      await sql`select from ${table} where name = ${name} for update`.execute(tx);
      refuseWhileUsed(kind, name, (await find(tx, name)).tasks);
      await sql`delete from ${table} where name = ${name}`.execute(tx);
    },
  };
}
