import fc from 'fast-check';
import { parseGeneralizedTime } from './directory-time.ts';

test.each([
  ['20240102030405.0Z', '2024-01-02T03:04:05.000Z'],
  ['20240102030405Z', '2024-01-02T03:04:05.000Z'],
  ['202401020304Z', '2024-01-02T03:04:00.000Z'],
  ['2024010203Z', '2024-01-02T03:00:00.000Z'],
  ['20240102030405.123+0130', '2024-01-02T01:34:05.000Z'],
  ['20240102030405-05', '2024-01-02T08:04:05.000Z'],
  ['20161231235960Z', '2017-01-01T00:00:00.000Z'],
  ['00010101000000Z', '0001-01-01T00:00:00.000Z'],
])('%s is %s', (text, iso) => {
  expect(parseGeneralizedTime(text)?.toISOString()).toBe(iso);
});

test.each([
  '',
  '20240102030405',
  '20241302030405Z',
  '20240230000000Z',
  '20240102240000Z',
  '20240102030461Z',
  '2024-01-02',
  '20240102030405.Z',
  '20240102030405+2500',
])('%j is no time', (text) => {
  expect(parseGeneralizedTime(text)).toBeUndefined();
});

test('every instant that Active Directory writes is read back', () => {
  const instants = fc.date({
    min: new Date('1601-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, (date) => {
      date.setUTCMilliseconds(0);
      const text = `${date.toISOString().replaceAll(/[-:T]|\.000Z/g, '')}.0Z`;
      expect(parseGeneralizedTime(text)).toEqual(date);
    }),
  );
});
