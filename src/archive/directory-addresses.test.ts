import fc from 'fast-check';
import { mapAddresses, parseAddress } from './directory-addresses.ts';

test.each([
  ['Ada.Lovelace@Corp.Example', 'ada.lovelace@corp.example'],
  [' ada@corp.example ', 'ada@corp.example'],
  ['jürgen@büro.example', 'jürgen@büro.example'],
  ["o'hara+x@corp.example", "o'hara+x@corp.example"],
  ['svc@localhost', 'svc@localhost'],
])('%j is the address %s', (text, address) => {
  expect(parseAddress(text)).toBe(address);
});

test.each([
  '',
  '@',
  'ada',
  'ada@',
  '@corp.example',
  'a b@corp.example',
  'ada@corp..example',
  'ada@-corp.example',
  'ada@[10.0.0.1]',
  '"a b"@corp.example',
  'a@b@c.example',
  `${'a'.repeat(65)}@corp.example`,
  'ada\0@corp.example',
  'ada@corp.exa\u202Emple',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test('SMTP: marks the primary address, mail adds one, other types are no addresses', () => {
  const attributes = {
    proxyAddresses: ['smtp:ada@old.example', 'SMTP:Ada@corp.example', 'X500:/o=Corp/cn=ada', 'sip:ada@corp.example'],
    mail: ['ada.lovelace@corp.example'],
  };
  expect(mapAddresses(attributes, 'user')).toEqual({
    addresses: [
      { address: 'ada.lovelace@corp.example', primary: false },
      { address: 'ada@corp.example', primary: true },
      { address: 'ada@old.example', primary: false },
    ],
    invalid: [],
    rivalPrimaries: [],
  });
});

test('without SMTP: the mail attribute is the primary address', () => {
  expect(mapAddresses({ mail: ['ada@corp.example'] }, 'user').addresses).toEqual([
    { address: 'ada@corp.example', primary: true },
  ]);
});

test('the target address of a contact is one of its addresses, that of a user only a route', () => {
  const attributes = { targetAddress: ['SMTP:Ada@partner.example'] };
  expect(mapAddresses(attributes, 'contact').addresses).toEqual([{ address: 'ada@partner.example', primary: true }]);
  expect(mapAddresses(attributes, 'user').addresses).toEqual([]);
  expect(mapAddresses({ targetAddress: ['X400:c=us'] }, 'contact')).toMatchObject({ addresses: [], invalid: [] });
});

test('two primary addresses are told, and the first in order is taken whatever the order of the values', () => {
  for (const proxyAddresses of [
    ['SMTP:b@x.example', 'SMTP:a@x.example'],
    ['SMTP:a@x.example', 'SMTP:b@x.example'],
  ]) {
    const mapped = mapAddresses({ proxyAddresses }, 'user');
    expect(mapped.rivalPrimaries).toEqual(['a@x.example', 'b@x.example']);
    expect(mapped.addresses.filter(({ primary }) => primary)).toEqual([{ address: 'a@x.example', primary: true }]);
  }
});

test('what should be an address and is none is named', () => {
  expect(mapAddresses({ proxyAddresses: ['smtp:not an address'], mail: ['nor this'] }, 'user')).toEqual({
    addresses: [],
    invalid: ['not an address', 'nor this'],
    rivalPrimaries: [],
  });
});

test('addresses are sorted, unique and at most one is primary, whatever the values', () => {
  const value = fc.oneof(
    fc
      .tuple(fc.constantFrom('SMTP:', 'smtp:', 'X500:', ''), fc.oneof(fc.emailAddress(), fc.string()))
      .map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(value), fc.array(value, { maxLength: 2 }), (proxyAddresses, mail) => {
      const { addresses } = mapAddresses({ proxyAddresses, mail }, 'contact');
      const texts = addresses.map(({ address }) => address);
      expect(texts).toEqual([...new Set(texts)].sort());
      expect(texts.map(parseAddress)).toEqual(texts);
      expect(addresses.filter(({ primary }) => primary).length).toBeLessThanOrEqual(1);
    }),
  );
});
