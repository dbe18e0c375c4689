import { Budgets } from './budgets.ts';
import { EwsFault } from './soap.ts';

const plenty = { concurrency: 2, burstMs: 300_000, rechargeMsPerHour: 900_000 };
/** Code and back-off of the fault with which a request is refused. */
function refused(budgets: Budgets, mailbox: string): readonly [code: string, backOffMs: number | undefined] {
  try {
    budgets.begin(mailbox);
  } catch (error) {
    if (error instanceof EwsFault) return [error.code, error.backOffMs];
    throw error;
  }
  throw new Error('not refused');
}
const [anna, ben] = ['anna@corp.example', 'ben@corp.example'];

test('a mailbox holds so many requests at once; one that has ended makes room, and another mailbox has its own', () => {
  const budgets = new Budgets(plenty, () => 0);
  const end = budgets.begin(anna);
  budgets.begin(anna);
  expect(refused(budgets, anna)).toEqual(['ErrorExceededConnectionCount', undefined]);
  budgets.begin(ben);
  end(1);
  budgets.begin(anna);
});

test('time that is used up comes back as the clock goes on, and the refusal says when', () => {
  let now = 0;
  const budgets = new Budgets({ ...plenty, burstMs: 1000, rechargeMsPerHour: 3_600_000 }, () => now);
  budgets.begin(anna)(1500);
  expect(refused(budgets, anna)).toEqual(['ErrorServerBusy', 501]);
  now = 501;
  budgets.begin(anna);
});
