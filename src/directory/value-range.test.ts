import fc from 'fast-check';
import { parseValueRange, rangeFrom } from './value-range.ts';

describe('parseValueRange', () => {
  test('reads a part and the last part', () => {
    expect(parseValueRange('member;range=0-1499')).toEqual({ attribute: 'member', from: 0, to: 1499 });
    expect(parseValueRange('Member;Range=1500-*')).toEqual({ attribute: 'Member', from: 1500, to: null });
  });

  test('reads any part', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.option(fc.nat(999_999_999)), (from, to) => {
        expect(parseValueRange(`proxyAddresses;range=${from}-${to ?? '*'}`)).toEqual({ attribute: 'proxyAddresses', from, to });
      }),
    );
  });

  test.each(['member', 'member;binary', 'member;range=', 'member;range=a-b', 'member;range=0-1499;binary', ';range=0-1', 'member;range=-1-*'])(
    'finds none in %s',
    (description) => expect(parseValueRange(description)).toBeNull(),
  );

  test('what is asked for is a part without an end', () => {
    expect(parseValueRange(rangeFrom('member', 1500))).toEqual({ attribute: 'member', from: 1500, to: null });
  });
});
