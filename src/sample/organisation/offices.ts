import type { Culture } from './names.ts';

export interface Office {
  /** As the directory writes it. */
  readonly city: string;
  readonly ou: string;
  readonly street: string;
  readonly postalCode: string;
  /** ISO 3166-1 alpha-2, and its number. */
  readonly country: string;
  readonly countryNumber: number;
  /** Of the switchboard; an extension follows. Number ranges that are kept for fiction where there are some. */
  readonly phone: string;
  /** Of the mailbox: `msExchUserCulture`. */
  readonly language: string;
  readonly cultures: readonly Culture[];
}
/** The company's places. The first is the head office and has the most people. */
export const offices: readonly [Office, ...Office[]] = [
  {
    city: 'Berlin',
    ou: 'Berlin',
    street: 'Lindenweg 12',
    postalCode: '10997',
    country: 'DE',
    countryNumber: 276,
    phone: '+49 30 23125',
    language: 'de-DE',
    cultures: ['de', 'de', 'de', 'tr', 'pl'],
  },
  {
    city: 'Leeds',
    ou: 'Leeds',
    street: '4 Foundry Walk',
    postalCode: 'LS9 0AA',
    country: 'GB',
    countryNumber: 826,
    phone: '+44 113 496 0',
    language: 'en-GB',
    cultures: ['en', 'en', 'en', 'pl', 'el'],
  },
  {
    city: 'Zürich',
    ou: 'Zürich',
    street: 'Werkstrasse 7',
    postalCode: '8005',
    country: 'CH',
    countryNumber: 756,
    phone: '+41 44 555 0',
    language: 'de-CH',
    cultures: ['de', 'fr'],
  },
  {
    city: 'Lyon',
    ou: 'Lyon',
    street: "12 quai de l'Atelier",
    postalCode: '69002',
    country: 'FR',
    countryNumber: 250,
    phone: '+33 4 65 71 0',
    language: 'fr-FR',
    cultures: ['fr'],
  },
  {
    city: 'Łódź',
    ou: 'Łódź',
    street: 'ul. Tkacka 31',
    postalCode: '90-001',
    country: 'PL',
    countryNumber: 616,
    phone: '+48 42 555 0',
    language: 'pl-PL',
    cultures: ['pl'],
  },
  {
    city: 'Θεσσαλονίκη',
    ou: 'Thessaloniki',
    street: 'Οδός Εργοστασίου 5',
    postalCode: '546 24',
    country: 'GR',
    countryNumber: 300,
    phone: '+30 2310 555 0',
    language: 'el-GR',
    cultures: ['el', 'bg'],
  },
  {
    city: '大阪',
    ou: 'Osaka',
    street: '北区工場町1-2-3',
    postalCode: '530-0001',
    country: 'JP',
    countryNumber: 392,
    phone: '+81 6 5555 0',
    language: 'ja-JP',
    cultures: ['ja'],
  },
];
