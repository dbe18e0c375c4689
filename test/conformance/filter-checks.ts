import type { Asking, Check } from './check.ts';
import { baseDn } from './targets.ts';

/** Who is found: every kind of filter, and AD's rules. */
export const filterChecks: readonly Check[] = (
  [
    ['presence', '(targetAddress=*)', ['Yann Mailuser', 'Zoe Extern']],
    [
      'absence',
      `(&(objectClass=user)(!(mail=*))(sAMAccountName=svc-*))`,
      ['svc-disabled', 'svc-expired', 'svc-locked', 'svc-must-change', 'svc-read', 'svc-sync'],
    ],
    ['equality in other case', '(sn=CLARKE)', ['Carol Clarke']],
    ['equality in another script', '(givenName=遥)', ['遥 佐藤']],
    ['equality without the accents', '(givenName=Jurgen)', ['Jürgen Größmann']],
    ['order of text in another script', '(&(cn>=zz)(objectClass=user))', ['遥 佐藤']],
    [
      'substrings',
      '(proxyAddresses=smtp:*.al*@lockstep*test)',
      [
        'Alice Archer',
        'Beamer',
        'Bob Baker',
        'Carol Clarke',
        'Dave Dunn',
        'Erin Ellis',
        'Frank Former',
        'Jürgen Größmann',
        'Room 1',
        'Sales',
        'Zofia Żółkiewska',
        '遥 佐藤',
      ],
    ],
    [
      'a disabled account',
      '(&(userAccountControl:1.2.840.113556.1.4.803:=2)(department=Engineering))',
      ['Frank Former'],
    ],
    [
      'either of two bits',
      '(&(userAccountControl:1.2.840.113556.1.4.804:=2050)(department=Engineering))',
      ['Frank Former'],
    ],
    ['the sign bit', '(&(groupType:1.2.840.113556.1.4.803:=2147483648)(name=no mail))', ['No Mail']],
    [
      'order of numbers',
      '(&(msExchRecipientTypeDetails>=16)(msExchRecipientTypeDetails<=64))',
      ['Beamer', 'Room 1', 'Zoe Extern'],
    ],
    [
      'a DN',
      `(manager=cn=bob baker, ou=people,${baseDn})`,
      ['Carol Clarke', 'Dave Dunn', 'Frank Former', 'Jürgen Größmann'],
    ],
    [
      'a chain of groups upward',
      `(&(memberOf:1.2.840.113556.1.4.1941:=CN=Everybody,OU=Groups,${baseDn})(objectClass=user))`,
      ['Alice Archer', 'Bob Baker', 'Carol Clarke', 'Dave Dunn', 'Erin Ellis', 'Jürgen Größmann'],
    ],
    [
      'a chain of groups downward',
      `(member:1.2.840.113556.1.4.1941:=CN=Zoe Extern,OU=Contacts,${baseDn})`,
      ['All Staff', 'Everybody'],
    ],
    [
      'a chain in a ring',
      `(&(memberOf:1.2.840.113556.1.4.1941:=CN=Ring B,OU=Groups,${baseDn})(objectClass=user))`,
      ['Carol Clarke'],
    ],
    ['a class by objectCategory', '(&(objectCategory=person)(objectClass=contact))', ['Zoe Extern']],
    ['an attribute that the schema does not know', '(noSuchAttribute=x)', []],
    ['the opposite of an unknown attribute', '(&(sn=Clarke)(!(noSuchAttribute=x)))', []],
    ['a number that is none', '(&(sn=Clarke)(!(countryCode=abc)))', []],
    ['an escaped bracket', '(displayName=\\28*)', []],
  ] satisfies readonly (readonly [string, string, readonly string[]])[]
).map(([name, filter, names]) => ({
  name: `filter: ${name}`,
  run: async ({ bound }: Asking) => {
    const connection = await bound();
    const found: string[] = [];
    for (const ou of ['People', 'Groups', 'Contacts', 'Resources', 'Service']) {
      const { entries } = await connection.search({
        base: `OU=${ou},${baseDn}`,
        scope: 'one',
        filter,
        attributes: ['name'],
      });
      found.push(...entries.map(({ attributes }) => String(attributes['name']?.[0])));
    }
    return found.sort();
  },
  windows: [...names].sort(),
}));
