import type { CommandIo } from './command.ts';
import { askDirectory } from './directory-questions.ts';

const nothing = { site: undefined, account: undefined, host: undefined, security: undefined, mailDomain: undefined, schedule: undefined };

/** Answers in order; keeps the questions and what was said besides. */
function person(...answers: string[]) {
  const questions: string[] = [];
  const said: string[] = [];
  const io = {
    ask: async (question: string) => {
      questions.push(question);
      const answer = answers.shift();
      if (answer === undefined) throw new Error(`no answer to: ${question}`);
      return answer;
    },
    progress: { line: (text: string) => said.push(text) },
  } as unknown as CommandIo;
  return { io, questions, said };
}

test('Enter takes every default; only the account has none', async () => {
  const { io, questions } = person('', 'svc@corp.example', '', '', '', '');
  expect(await askDirectory(nothing, ['berlin'], 'every 60 min', io)).toEqual({
    site: 'berlin',
    account: 'svc@corp.example',
    host: undefined,
    security: 'ldaps',
    mailDomain: [],
    schedule: 'every 60 min',
  });
  expect(questions[0]).toBe('Site that reaches the directory (berlin) [berlin]');
  expect(questions[5]).toBe('Schedule [every 60 min]');
});

test('an answer that cannot be taken is asked for again, with what can', async () => {
  const { io, said } = person('berlin', '', 'svc@corp.example', 'dc1', 'ssl', 'starttls', 'a.example', 'hourly', 'daily 05:00');
  expect(await askDirectory(nothing, ['berlin', 'paris'], 'every 60 min', io)).toEqual({
    site: 'berlin',
    account: 'svc@corp.example',
    host: 'dc1',
    security: 'starttls',
    mailDomain: ['a.example'],
    schedule: 'daily 05:00',
  });
  expect(said).toEqual(['This one has no default.', 'Write one of ldaps, starttls, plain.', expect.stringContaining('daily 08:00')]);
});

test('what was given on the command line is not asked for', async () => {
  const { io, questions } = person('svc@corp.example');
  const given = { ...nothing, site: 'berlin', host: 'dc1', security: 'ldaps', mailDomain: ['a.example'], schedule: 'none' } as const;
  expect(await askDirectory(given, ['berlin'], 'every 60 min', io)).toMatchObject({ account: 'svc@corp.example' });
  expect(questions).toHaveLength(1);
});
