import { baseDn, dnsName, emea } from '../lab/samba/domain.ts';

export interface Difference {
  /** Name of the check. */
  readonly check: string;
  readonly samba: unknown;
  readonly why: string;
  /** Where Windows' behaviour is written down. */
  readonly source: string;
}

const policies =
  'https://learn.microsoft.com/troubleshoot/windows-server/active-directory/view-set-ldap-policy-using-ntdsutil';
const ranges = 'https://learn.microsoft.com/windows/win32/adsi/attribute-range-retrieval';
const comparisons = 'MS-ADTS, Supported Comparison Operations';
const referrals = 'MS-ADTS 3.1.1.4.6';
const continuations = 'MS-ADTS 3.1.1.4.7';

/** Where Samba 4.17 answers otherwise than Windows. The sample directory answers as Windows, always. */
export const differences: readonly Difference[] = [
  {
    check: 'a name without a password is anonymous, and that succeeds',
    samba: [49, 1],
    why: 'Samba refuses it; Windows does so only where fDenyUnauthenticatedBind is set in dSHeuristics.',
    source: 'RFC 4513, section 5.1.2; MS-ADTS 5.1.1.1.1, simple authentication',
  },
  {
    check: 'a base that is not there names what is',
    samba: { code: 32, matchedDn: '' },
    why: 'Samba never fills in the matched DN.',
    source: 'RFC 4511, section 4.1.9',
  },
  {
    check: 'types only',
    samba: { cn: 1, mail: 1 },
    why: 'Samba ignores typesOnly.',
    source: 'RFC 4511, section 4.5.1.6',
  },
  {
    check: 'more entries than a page, without paging',
    samba: { code: 0, entries: 1579 },
    why: 'Samba has no MaxPageSize.',
    source: policies,
  },
  {
    check: 'a page size above the limit',
    samba: { code: 0, entries: 1579 },
    why: 'Samba has no MaxPageSize.',
    source: policies,
  },
  {
    check: 'a size limit of the client',
    samba: { code: 0, entries: 1579 },
    why: 'Samba ignores sizeLimit.',
    source: 'RFC 4511, section 4.5.1.4',
  },
  {
    check: 'a cookie of another connection',
    samba: { code: 53, entries: 0 },
    why: 'Both refuse; Samba with the code of RFC 2696, Windows as a control that it cannot process (00000057).',
    source: 'https://sourceforge.net/p/ldap-sdk/mailman/message/35268164; not seen on Windows by us',
  },
  {
    check: 'a long attribute',
    samba: { member: 1501 },
    why: 'Samba has no MaxValRange: it cuts only where a range was asked for.',
    source: ranges,
  },
  {
    check: 'a range that is too long',
    samba: { 'member;range=0-*': 1501 },
    why: 'Samba has no MaxValRange.',
    source: ranges,
  },
  {
    check: 'filter: the opposite of an unknown attribute',
    samba: ['Carol Clarke'],
    why: 'For Samba a test of an unknown attribute is false, for Windows undefined, and its opposite too.',
    source: 'RFC 4511, section 4.5.1.7; MS-ADTS 3.1.1.3.1.3.1, search filters',
  },
  { check: 'filter: equality without the accents', samba: [], why: 'Samba ignores case only.', source: comparisons },
  {
    check: 'filter: order of text in another script',
    samba: [],
    why: 'Samba sorts what is not ASCII before it.',
    source: comparisons,
  },

  // Changes
  {
    check: 'DirSync: a tombstone',
    samba: [
      {
        'CN=Person\\0ADEL:GUID,CN=Deleted Objects,BASE': {
          instanceType: ['4'],
          isDeleted: ['TRUE'],
          lastKnownParent: ['<GUID=GUID>;UNIT'],
          name: ['Person\\nDEL:GUID'],
          objectGUID: ['16 bytes'],
          parentGUID: ['16 bytes'],
        },
      },
    ],
    why: 'With DirSync Samba writes names that are no links in the extended form, though nobody asked for it.',
    source: 'MS-ADTS 3.1.1.3.4.1.5, extended names are for those who send the control',
  },
  {
    check: 'DirSync: in rounds when there is more than the client takes',
    samba: { rounds: false, same: true },
    why: 'Samba ignores MaxBytes: every answer is the only one.',
    source: 'MS-ADTS 3.1.1.3.4.1.3, MaxBytes and MoreResults',
  },

  // Other naming contexts
  {
    check: 'a base in a domain that is not known is looked for by DNS',
    samba: '32 ',
    why: 'Samba never refers.',
    source: referrals,
  },
  {
    check: 'a base in another naming context of the forest',
    samba: '32 ',
    why: 'Samba never refers, and the lab has no DNS zones.',
    source: referrals,
  },
  ...(
    [
      ['a search of the whole domain says where there is more', ''],
      ['a search below the root says so too', '??base'],
      ['a search by pages is told once', ''],
    ] as const
  ).map(([check, suffix]) => ({
    check,
    samba: [`ldap://${dnsName}/CN=Configuration,${baseDn}${suffix}`],
    why: 'The lab has no DNS zones.',
    source: continuations,
  })),
  {
    check: 'forest: a base in the child domain',
    samba: { code: 32, at: undefined },
    why: 'Samba never refers.',
    source: referrals,
  },
  {
    check: 'forest: a search of the parent domain refers to the child',
    samba: [],
    why: 'For Samba the two are forests of their own; a crossRef alone does not make it refer.',
    source: continuations,
  },
  {
    check: 'forest: the crossRef of a domain is found by the domain',
    samba: 0,
    why: 'Samba does not find values that name what it does not have.',
    source: 'MS-ADTS 6.1.1.2.1.1',
  },
  {
    check: 'forest: members of the child are named by their DNs',
    samba: [
      `Engineering of ${baseDn}`,
      `${emea.domainSid}-5001 of ${baseDn}`,
      `${emea.domainSid}-5002 of ${baseDn}`,
    ].sort(),
    why: 'For Samba the two are forests of their own: members of the other are foreign security principals.',
    source: 'https://learn.microsoft.com/windows/win32/adschema/c-foreignsecurityprincipal',
  },
];
