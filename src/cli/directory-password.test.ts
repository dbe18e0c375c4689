import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandIo, UsageError } from './command.ts';
import { givenPassword, requiredPassword } from './directory-password.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-password-'));
});
afterAll(() => rm(folder, { recursive: true }));

const nothing = { passwordStdin: false, passwordFile: undefined };
const io = (overrides: Partial<CommandIo> = {}): CommandIo =>
  ({ env: {}, interactive: false, readInput: async () => '', ...overrides }) as CommandIo;

test('one line break at the end is not part of the password, spaces are', async () => {
  const file = join(folder, 'password');
  await writeFile(file, ' secret \r\n');
  expect(await givenPassword({ ...nothing, passwordFile: file }, io())).toBe(' secret ');
  expect(await givenPassword({ ...nothing, passwordStdin: true }, io({ readInput: async () => 'a\nb\n' }))).toBe('a\nb');
});

test('what the user points at wins over the environment', async () => {
  const env = { LOCKSTEP_DIRECTORY_PASSWORD: 'from the environment' };
  expect(await givenPassword({ ...nothing, passwordStdin: true }, io({ env, readInput: async () => 'typed' }))).toBe('typed');
  expect(await givenPassword(nothing, io({ env }))).toBe('from the environment');
  expect(await givenPassword(nothing, io({ env: { LOCKSTEP_DIRECTORY_PASSWORD: '' } }))).toBeUndefined();
});

test('a person is asked with the account in the question; a program is told what to give', async () => {
  const asked: string[] = [];
  const person = io({
    interactive: true,
    askSecret: async (question) => {
      asked.push(question);
      return 'typed';
    },
  });
  expect(await requiredPassword(nothing, 'svc@corp.example', person)).toBe('typed');
  expect(asked).toEqual(['Password of svc@corp.example']);
  await expect(requiredPassword(nothing, 'svc@corp.example', io())).rejects.toThrow(/--password-stdin/);
});

test('an empty password, two sources and a missing file are refused', async () => {
  await expect(givenPassword({ ...nothing, passwordStdin: true }, io({ readInput: async () => '\n' }))).rejects.toThrow(UsageError);
  await expect(givenPassword({ passwordStdin: true, passwordFile: 'x' }, io())).rejects.toThrow(UsageError);
  await expect(givenPassword({ ...nothing, passwordFile: join(folder, 'none') }, io())).rejects.toMatchObject({ code: 'cli.file-unreadable' });
});
