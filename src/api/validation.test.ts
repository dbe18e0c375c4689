import { Type } from 'typebox';
import { Configuration } from './schemas/config.ts';
import { DirectoryChange, NewDirectory } from './schemas/directories.ts';
import { NewToken } from './schemas/organisations.ts';
import { createValidatorCompiler, type RequestInvalidError } from './validation.ts';

type HttpPart = 'body' | 'querystring';
const compile = createValidatorCompiler();
const check = (schema: Parameters<typeof compile>[0]['schema'], value: unknown, httpPart: HttpPart = 'body') =>
  compile({ schema, httpPart, method: 'POST', url: '/' })(value) as { value?: unknown; error?: RequestInvalidError };
const issues = (schema: Parameters<typeof compile>[0]['schema'], value: unknown) =>
  Object.fromEntries((check(schema, value).error?.issues ?? []).map((issue) => [issue.path, issue.message]));

const directory = {
  name: 'corp',
  site: 'berlin',
  password: 'p',
  settings: { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true },
};

test('defaults are filled in', () => {
  const { value } = check(NewDirectory, { ...directory, settings: { account: 'a' } });
  expect(value).toMatchObject({ settings: { security: 'ldaps', acknowledgeDisabled: true } });
});

test('a body is taken as it is: no text becomes a number, nothing becomes text', () => {
  expect(issues(NewDirectory, { ...directory, jitterSeconds: '5' })).toEqual({ '/jitterSeconds': 'must be integer' });
  expect(issues(NewDirectory, { ...directory, password: null })).toEqual({ '/password': 'must be string' });
  expect(issues(NewDirectory, { ...directory, settings: { ...directory.settings, port: true } })).toEqual({ '/settings/port': 'must be integer' });
});

test('a query is text, so there "5" is a number', () => {
  const Query = Type.Object({ limit: Type.Integer(), dryRun: Type.Boolean() });
  expect(check(Query, { limit: '5', dryRun: 'true' }, 'querystring').value).toEqual({ limit: 5, dryRun: true });
});

test('everything that is wrong is said at once, each at its place', () => {
  expect(issues(NewDirectory, { name: 'Corp!', site: 'berlin', extra: 1, settings: { security: 'none' } })).toEqual({
    '/password': 'is missing',
    '/extra': 'is not known here',
    '/name': expect.stringMatching(/^must be: a short name of lower-case letters .*head-office$/) as string,
    '/settings/account': 'is missing',
    '/settings/security': 'must be one of ldaps, starttls, plain',
  });
});

test('a body that is none is said to be so', () => {
  expect(issues(NewDirectory, [])).toEqual({ '': 'must be object' });
  expect(issues(NewDirectory, null)).toEqual({ '': 'must be object' });
});

test.each<[string, unknown, Record<string, string>]>([
  ['an unknown kind', { kind: 'hourly' }, { '/schedule/kind': 'must be one of once, daily, interval, weekly' }],
  ['no schedule at all', 5, { '/schedule': 'is none of the allowed forms' }],
  ['a wrong time of the kind that was meant', { kind: 'daily', at: '8', timeZone: 'UTC' }, { '/schedule/at': 'must be: HH:MM, local' }],
  ['a time of the wrong type', { kind: 'daily', at: 8, timeZone: 'UTC' }, { '/schedule/at': 'must be string' }],
  [
    'an unknown day',
    { kind: 'weekly', days: ['Monday'], at: '08:00', timeZone: 'UTC' },
    { '/schedule/days/0': 'must be one of monday, tuesday, wednesday, thursday, friday, saturday, sunday' },
  ],
  [
    'missing parts of the kind that was meant',
    { kind: 'interval', start: '08:00', timeZone: 'UTC' },
    { '/schedule/end': 'is missing', '/schedule/everyMinutes': 'is missing' },
  ],
])('of a union only what was meant is spoken of: %s', (_what, schedule, expected) => {
  expect(issues(DirectoryChange, { schedule })).toEqual(expected);
});

test('the place in a list is said', () => {
  expect(issues(NewToken, { label: 'l', scopes: ['read', 'write'] })).toEqual({ '/scopes/1': 'must be one of read, operate, admin' });
  expect(issues(Configuration, { version: 1, directories: [{ ...directory, password: undefined, site: 7 }] })).toMatchObject({
    '/directories/0/site': 'must be string',
  });
});

test('no message repeats a value: it may be a password', () => {
  const { error } = check(NewDirectory, { ...directory, password: 'x'.repeat(1001), jitterSeconds: 'hunter2', name: 'hunter2!' });
  expect(error?.issues).toHaveLength(3);
  expect(JSON.stringify(error?.issues)).not.toMatch(/hunter2|xxx/);
});

test('text that the database does not take is refused at its place, in body and query', () => {
  const message = 'must not hold the character U+0000 or half a character';
  expect(issues(NewDirectory, { ...directory, description: 'a\0b', settings: { ...directory.settings, searchBases: ['DC=a', 'DC=\0'] } })).toEqual({
    '/description': message,
    '/settings/searchBases/1': message,
  });
  const Query = Type.Object({ search: Type.String() });
  expect(check(Query, { search: '\uD800' }, 'querystring').error?.issues).toEqual([{ path: '/search', message }]);
  expect(issues(Type.Record(Type.String(), Type.String()), { 'a\0': 'b' })).toEqual({ '': expect.stringContaining('U+0000') as string });
});
