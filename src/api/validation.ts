/** Checks requests against the schemas of their routes, and says what is wrong so that a person can mend it. */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { isStorable } from '../archive/directory-text.ts';
import type { Issue } from '../archive/record-errors.ts';

/** The request does not have the shape that its route declares. */
export class RequestInvalidError extends Error {
  override readonly name = 'RequestInvalidError';
  readonly part: string;
  readonly issues: readonly Issue[];
  constructor(part: string, issues: readonly Issue[]) {
    super(`${part} invalid`);
    this.part = part;
    this.issues = issues;
  }
}

const partNames: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/**
 * The validator compiler of the whole API. Bodies are taken as they are (no text becomes a number, nothing is dropped);
 * queries and paths are text, so there "10" is a number.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const options = { allErrors: true, verbose: true, useDefaults: true, removeAdditional: false, allowUnionTypes: true } as const;
  const exact = new Ajv({ ...options, coerceTypes: false });
  const fromText = new Ajv({ ...options, coerceTypes: true });
  return ({ schema, httpPart }) => {
    const validate = (httpPart === 'body' ? exact : fromText).compile(schema);
    const refusal = (issues: readonly Issue[]) => ({ error: new RequestInvalidError(partNames[httpPart ?? ''] ?? 'request', issues) });
    return (value: unknown) => {
      if (!validate(value)) return refusal(issuesOf(validate.errors ?? []));
      const unstorable = unstorableIn(value);
      return unstorable.length === 0 ? { value } : refusal(unstorable);
    };
  };
}

/** Text that PostgreSQL does not take, at any depth: no schema says so of each string. */
function unstorableIn(value: unknown, path = ''): Issue[] {
  if (typeof value === 'string') {
    return isStorable(value) ? [] : [{ path, message: 'must not hold the character U+0000 or half a character' }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    isStorable(key) ? unstorableIn(inner, `${path}/${key}`) : [{ path, message: 'must not have a name with the character U+0000 or half a character' }],
  );
}

/** One issue a place. Of a union only the branch that was meant is spoken of. */
export function issuesOf(found: readonly ErrorObject[]): Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of relevant(found)) {
    const issue = issueOf(error);
    if (!issues.has(issue.path)) issues.set(issue.path, issue);
  }
  return [...issues.values()];
}

/** `#/properties/schedule/anyOf/2/properties/at/pattern` → union `#/properties/schedule/anyOf`, branch 2. */
function branchOf(error: ErrorObject, union: string): string | undefined {
  return error.schemaPath.startsWith(`${union}/`) ? error.schemaPath.slice(union.length + 1).split('/')[0] : undefined;
}

/**
 * A union that fails reports every branch. The branch that was meant is the one whose `kind` (or null, or other constant)
 * fits: the others are left out. When none fits, the constants that would have are the message.
 */
function relevant(found: readonly ErrorObject[]): ErrorObject[] {
  let errors = [...found];
  for (const union of found.filter((error) => error.keyword === 'anyOf')) {
    const inside = errors.filter((error) => branchOf(error, union.schemaPath) !== undefined);
    const wrong = new Set(inside.filter((error) => isOfOtherBranch(error, union)).map((error) => branchOf(error, union.schemaPath)));
    const meant = inside.filter((error) => !wrong.has(branchOf(error, union.schemaPath)));
    errors = errors.filter((error) => !inside.includes(error));
    if (meant.length > 0) errors = [...errors.filter((error) => error !== union), ...meant];
    else errors = errors.map((error) => (error === union ? closest(union, inside) : error));
  }
  return errors;
}

/** Another kind altogether: the whole is of the wrong type, or a constant at its top (`kind`) differs. */
function isOfOtherBranch(error: ErrorObject, union: ErrorObject): boolean {
  const depth = error.instancePath.split('/').length - union.instancePath.split('/').length;
  return (error.keyword === 'type' && depth === 0) || (error.keyword === 'const' && depth <= 1);
}

/** What no branch allowed, said once: the constants that are possible at that place. */
function closest(union: ErrorObject, inside: readonly ErrorObject[]): ErrorObject {
  const constants = inside.filter((error) => error.keyword === 'const');
  const place = constants[0]?.instancePath ?? union.instancePath;
  const allowed = constants.filter((error) => error.instancePath === place).map((error) => String(error.params['allowedValue']));
  return allowed.length === 0 ? union : { ...union, instancePath: place, message: `must be one of ${[...new Set(allowed)].join(', ')}` };
}

function issueOf(error: ErrorObject): Issue {
  switch (error.keyword) {
    case 'required':
      return { path: `${error.instancePath}/${String(error.params['missingProperty'])}`, message: 'is missing' };
    case 'additionalProperties':
      return { path: `${error.instancePath}/${String(error.params['additionalProperty'])}`, message: 'is not known here' };
    case 'pattern':
      return { path: error.instancePath, message: `must be: ${describe(error.parentSchema) ?? `text like ${String(error.params['pattern'])}`}` };
    case 'anyOf':
      return { path: error.instancePath, message: error.message?.startsWith('must be one of') === true ? error.message : 'is none of the allowed forms' };
    default:
      return { path: error.instancePath, message: error.message ?? 'is not allowed' };
  }
}

const describe = (schema: unknown): string | undefined =>
  typeof schema === 'object' && schema !== null && 'description' in schema && typeof schema.description === 'string' ? schema.description : undefined;
