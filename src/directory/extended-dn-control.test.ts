import fc from 'fast-check';
import { parseExtendedDn } from './extended-dn-control.ts';

const guid = '66b7425c-2457-4bb4-9cec-3476bc42d01d';

test.each([
  [`<GUID=${guid}>;<SID=S-1-5-21-1-2-3-1120>;CN=Ann,DC=corp`, { guid, dn: 'CN=Ann,DC=corp' }],
  [`<GUID=${guid.toUpperCase()}>;CN=Ann,DC=corp`, { guid, dn: 'CN=Ann,DC=corp' }],
  [`<GUID=${guid}>;CN=Ann\nDEL:x,DC=corp`, { guid, dn: 'CN=Ann\nDEL:x,DC=corp' }],
  ['CN=Ann,DC=corp', { dn: 'CN=Ann,DC=corp' }],
  ['CN=<GUID=x>;y,DC=corp', { dn: 'CN=<GUID=x>;y,DC=corp' }],
  ['<GUID=66b7425c>;CN=Ann', { dn: '<GUID=66b7425c>;CN=Ann' }],
  ['', { dn: '' }],
])('%j', (text, expected) => expect(parseExtendedDn(text)).toEqual(expected));

test('gives any name and any GUID back', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string({ unit: 'binary' }), fc.boolean(), (id, dn, sid) => {
      fc.pre(!dn.startsWith('<SID='));
      expect(parseExtendedDn(`<GUID=${id}>;${sid ? '<SID=S-1-5-32-544>;' : ''}${dn}`)).toEqual({ guid: id.toLowerCase(), dn });
    }),
  );
});
