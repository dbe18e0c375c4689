/** A parent domain: the same questions to the sample directory and to a real domain controller. */
import { sampleParentChild } from '../lab/sample-forest.ts';
import { sambaForest } from '../lab/samba.ts';
import { emea } from '../lab/samba/domain.ts';
import { run } from './check.ts';
import { differences } from './differences.ts';
import { forestChecks } from './forest-checks.ts';
import { password, reader, sambaTargetOf, sampleTargetOf } from './targets.ts';
import { wire } from './wire.ts';

const forest = await sampleParentChild();
const parent = sampleTargetOf(forest.parent.directory);
const real = await sambaForest('parent-child');
const target = 'skip' in real ? undefined : await sambaTargetOf(real.parent);
afterAll(async () => {
  await Promise.all([forest.parent.directory.close(), forest.child.directory.close(), target?.close()]);
});

describe('the sample directory answers as Windows', () => {
  test.each(forestChecks)('$name', async (check) => {
    expect(await run(check, parent)).toEqual(check.windows);
  });

  test('the child has the same configuration, and refers to its parent', async () => {
    const connection = await wire(forest.child.directory);
    try {
      await connection.bind(forest.child.accounts.read.bind, password);
      const { entries } = await connection.search({
        base: '',
        scope: 'base',
        attributes: ['configurationNamingContext'],
      });
      const configuration = String(entries[0]?.attributes['configurationNamingContext']?.[0]);
      expect(configuration).toBe(`CN=Configuration,${forest.parent.baseDn}`);
      const crossRefs = await connection.search({
        base: configuration,
        filter: '(systemFlags=3)',
        attributes: ['nCName'],
      });
      expect(crossRefs.entries.map(({ attributes }) => String(attributes['nCName']?.[0])).sort()).toEqual(
        [forest.parent.baseDn, emea.baseDn].sort(),
      );
      const referral = await connection.search({ base: `OU=People,${forest.parent.baseDn}` });
      expect([referral.code, referral.message]).toEqual([10, expect.stringContaining("'corp.lockstep.test'")]);
      expect((await connection.bind(reader, password)).code).toBe(49);
    } finally {
      connection.close();
    }
  });
});

if (target === undefined) {
  test.skip(`a real domain controller answers the same: ${'skip' in real ? real.skip : ''}`, () => undefined);
} else {
  describe('Samba answers as Windows, except where it is known to differ', () => {
    test.each(forestChecks)('$name', async (check) => {
      const difference = differences.find((known) => known.check === check.name);
      expect(await run(check, target)).toEqual(difference === undefined ? check.windows : difference.samba);
    });
  });
}
