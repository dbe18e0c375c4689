/**
 * The same questions to the sample directory and to a real domain controller (Samba): both must answer as Windows does,
 * except where differences.ts says that Samba is known to differ. So the sample stays honest.
 */
import fc from 'fast-check';
import { FilterParser } from 'ldapts';
import { ldapsearch, type LdifEntry } from '../lab/ldapsearch.ts';
import { run } from './check.ts';
import { changeChecks } from './change-checks.ts';
import { checks } from './checks.ts';
import { differences } from './differences.ts';
import { forestChecks } from './forest-checks.ts';
import { referralChecks } from './referral-checks.ts';
import { baseDn, password, reader, sambaTarget, sampleTarget, type Target } from './targets.ts';
import { wire } from './wire.ts';

const sample = await sampleTarget();
const real = await sambaTarget();
afterAll(async () => {
  await sample.close();
  if (!('skip' in real)) await real.close();
});

describe('the sample directory answers as Windows', () => {
  test.each(checks)('$name', async (check) => {
    expect(await run(check, sample)).toEqual(check.windows);
  });
});

describe('the list of differences', () => {
  test('names checks that there are, each once, and answers that do differ', () => {
    const all = [...checks, ...changeChecks, ...referralChecks, ...forestChecks];
    const byName = new Map(all.map((check) => [check.name, check]));
    expect(byName.size).toBe(all.length);
    expect(new Set(differences.map(({ check }) => check)).size).toBe(differences.length);
    for (const { check, samba } of differences) {
      expect(byName.has(check)).toBe(true);
      expect(samba).not.toEqual(byName.get(check)?.windows);
    }
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

  describe('both directories', () => {
    test('hold the same, as ldapsearch reads it', async () => {
      const [ours, theirs] = await Promise.all([dump(sample), dump(real)]);
      expect(ours.size).toBeGreaterThan(1500);
      expect(ours).toEqual(theirs);
    });

    test('find the same by any filter', async () => {
      const [ours, theirs] = [await wire(sample), await wire(real)];
      await Promise.all([ours.bind(reader, password), theirs.bind(reader, password)]);
      try {
        await fc.assert(
          fc.asyncProperty(filterText, async (filter) => {
            const search = {
              base: `OU=People,${baseDn}`,
              filter: FilterParser.parseString(filter),
              attributes: ['1.1'],
            };
            const [mine, other] = await Promise.all([ours.search(search), theirs.search(search)]);
            expect(mine.entries.map(({ dn }) => dn).sort()).toEqual(other.entries.map(({ dn }) => dn).sort());
          }),
          { numRuns: 300 },
        );
      } finally {
        ours.close();
        theirs.close();
      }
    });
  });
}

/** Attributes that are data, not the server's own book-keeping. */
const compared =
  `objectClass cn name displayName givenName sn title department company mail mailNickname proxyAddresses targetAddress
  legacyExchangeDN sAMAccountName userPrincipalName userAccountControl groupType member memberOf manager telephoneNumber
  physicalDeliveryOfficeName objectCategory msExchMailboxGuid msExchRecipientTypeDetails msExchRecipientDisplayType msExchQueryFilter
  msExchDynamicDLFilter msExchDynamicDLBaseDN`.split(/\s+/);

/** By DN; values sorted, because their order means nothing. A group that is cut by ranges is left to the checks. */
async function dump(target: Target): Promise<Map<string, Record<string, string[]>>> {
  const entries: LdifEntry[] = [];
  for (const ou of ['People', 'Groups', 'Contacts', 'Resources', 'Service', 'Bulk']) {
    const result = await ldapsearch({
      url: target.url,
      bind: reader,
      password,
      base: `OU=${ou},${baseDn}`,
      filter: '(!(name=Bulk Everybody))',
      attributes: compared,
      pageSize: 500,
    });
    expect(result.code).toBe(0);
    entries.push(...result.entries);
  }
  return new Map(
    entries.map(({ dn, attributes }) => [
      dn,
      Object.fromEntries(
        Object.entries(attributes).map(([name, values]) => [name, values.map((value) => value.toString('hex')).sort()]),
      ),
    ]),
  );
}

/** Over attributes and values of the seed; order only where all values are ASCII (see the differences). */
const filterText: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'medium' },
    fc
      .record({
        name: fc.constantFrom('title', 'department', 'mail', 'proxyAddresses', 'telephoneNumber'),
        operator: fc.constantFrom('=', '>=', '<='),
        value: fc.constantFrom(
          'Engineer',
          'engineering',
          'Carol Clarke',
          'Dunn',
          'bob@lockstep.test',
          'SMTP:erin@lockstep.test',
          '+49 30 5550100',
          'm',
        ),
      })
      .map(({ name, operator, value }) => `(${name}${operator}${value})`),
    fc
      .record({
        name: fc.constantFrom('cn', 'title', 'proxyAddresses'),
        value: fc.constantFrom('E*', '*er', '*a*', 'smtp:*@*.test', '*n*e*', 'c*k*e'),
      })
      .map(({ name, value }) => `(${name}=${value})`),
    fc.constantFrom('mail', 'manager', 'targetAddress', 'memberOf').map((name) => `(${name}=*)`),
    fc
      .record({
        name: fc.constantFrom('userAccountControl', 'msExchRecipientDisplayType'),
        rule: fc.constantFrom('803', '804'),
        value: fc.constantFrom('2', '512', '514', '6', '1073741824'),
      })
      .map(({ name, rule, value }) => `(${name}:1.2.840.113556.1.4.${rule}:=${value})`),
    fc.constantFrom('user', 'person', 'contact', 'organizationalUnit', 'top').map((name) => `(objectClass=${name})`),
    fc
      .tuple(fc.constantFrom('&', '|'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(([operator, parts]) => `(${operator}${parts.join('')})`),
    tie('filter').map((part) => `(!${part})`),
  ),
})).filter;
