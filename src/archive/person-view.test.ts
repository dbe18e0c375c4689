import fc from 'fast-check';
import { integrationId } from '../shared/ids.ts';
import { recipientTypes } from '../shared/directory.ts';
import { accountOf, type AcknowledgedPart, mailOf, stateOf } from './person-parts.ts';
import { type DescribedPart, inOrder, isMailAttribute, mergeAttributes } from './person-view.ts';

type Part = DescribedPart & AcknowledgedPart;
const aPart = (overrides: Partial<Part> = {}): Part => ({
  guid: '11111111-0000-4000-8000-000000000001',
  integration_id: integrationId('11111111-0000-4000-8000-00000000000a'),
  integration: 'accounts',
  kind: 'user',
  recipient_type: 'other',
  account_disabled: false,
  disabled: false,
  is_resource: false,
  listed: true,
  in_source: true,
  missing_since: null,
  source_created: null,
  attributes: {},
  acknowledge_disabled: true,
  disables_missing: false,
  ...overrides,
});
const account = aPart({ attributes: { title: ['Engineer'], mail: ['anna@accounts.example'] } });
const mailbox = aPart({
  guid: '99999999-0000-4000-8000-000000000001',
  integration: 'exchange',
  recipient_type: 'linked-mailbox',
  account_disabled: true,
  is_resource: true,
  attributes: { Title: ['Old'], department: ['Sales'], proxyAddresses: ['SMTP:anna@exchange.example'] },
});

test('mail attributes are the mailbox alone, the others the account before the mailbox', () => {
  expect(mergeAttributes([mailbox, account])).toEqual({
    attributes: { title: ['Engineer'], department: ['Sales'], proxyAddresses: ['SMTP:anna@exchange.example'] },
    attributeSources: { title: 'accounts', department: 'exchange', proxyAddresses: 'exchange' },
  });
});

test('an object that has gone says nothing, unless it is the account or the last', () => {
  const gone = { in_source: false, missing_since: new Date(0) };
  const former = aPart({ ...gone, guid: '22222222-0000-4000-8000-000000000001', integration: 'former', attributes: { title: ['Was'], company: ['Former'] } });
  expect(mergeAttributes([former, account, mailbox]).attributes).not.toHaveProperty('company');
  expect(mergeAttributes([former, mailbox])).toMatchObject({ attributes: { title: ['Was'] }, attributeSources: { title: 'former' } });
  expect(stateOf([former, mailbox])).toBe('disabled');
  expect(stateOf([former])).toBe('missing');
});

test.each([
  [true, ['mail', 'proxyAddresses', 'msExchHideFromAddressLists', 'MSEXCHMAILBOXGUID', 'extensionAttribute7', 'homeMDB']],
  [false, ['title', 'displayName', 'manager', 'mailing', 'userPrincipalName', 'objectSid']],
])('whether an attribute is of the mailbox (%s) is told by its name', (expected, names) => {
  expect(names.map(isMailAttribute)).toEqual(names.map(() => expected));
});

const partArbitrary = fc
  .record({
    recipient_type: fc.constantFrom(...recipientTypes),
    account_disabled: fc.boolean(),
    is_resource: fc.boolean(),
    listed: fc.boolean(),
    in_source: fc.boolean(),
    missing_since: fc.constantFrom(null, new Date(0)),
    source_created: fc.constantFrom(null, new Date(1), new Date(2)),
    guid: fc.uuid(),
    title: fc.constantFrom('a', 'b'),
  })
  .map(({ title, ...part }) => aPart({ ...part, integration: part.guid, attributes: { title: [title], mail: [title] } }));

test('which object gives what does not depend on the order in which they are asked', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(partArbitrary, { minLength: 1, maxLength: 4, selector: ({ guid }) => guid }).chain((parts) => fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length }))),
      ([[a, ...as], [b, ...bs]]) => {
        if (a === undefined || b === undefined) return;
        const [one, other] = [[a, ...as], [b, ...bs]] as const;
        expect(accountOf(other)).toBe(accountOf(one));
        expect(mailOf(other)).toBe(mailOf(one));
        expect(stateOf(other)).toBe(stateOf(one));
        expect(inOrder(other)).toEqual(inOrder(one));
        expect(mergeAttributes(other)).toEqual(mergeAttributes(one));
      },
    ),
  );
});
