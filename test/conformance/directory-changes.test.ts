/** Changes, deletions and referrals: the same questions to the sample directory and to a real domain controller. */
import { changeChecks } from './change-checks.ts';
import { run } from './check.ts';
import { differences } from './differences.ts';
import { referralChecks } from './referral-checks.ts';
import { sambaTarget, sampleTarget } from './targets.ts';

const checks = [...changeChecks, ...referralChecks];
const sample = await sampleTarget({ people: 0 });
const real = await sambaTarget({ people: 0 });
afterAll(async () => {
  await sample.close();
  if (!('skip' in real)) await real.close();
});

describe('the sample directory answers as Windows', () => {
  test.each(checks)('$name', async (check) => {
    expect(await run(check, sample)).toEqual(check.windows);
  });
});

if ('skip' in real) {
  test.skip(`a real domain controller answers the same: ${real.skip}`, () => undefined);
} else {
  describe('Samba answers as Windows, except where it is known to differ', () => {
    test.each(checks)('$name', async (check) => {
      const difference = differences.find((known) => known.check === check.name);
      expect(await run(check, real)).toEqual(difference === undefined ? check.windows : difference.samba);
    });
  });
}
