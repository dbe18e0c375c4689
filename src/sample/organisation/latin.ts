/** How letters that Unicode cannot take apart are written in an address; umlauts as German does it. */
const spelled: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  å: 'a',
  ł: 'l',
  đ: 'd',
  ı: 'i',
  þ: 'th',
  ð: 'd',
  œ: 'oe',
};

/** Small ASCII letters and digits of a name in Latin script: `Größmann` → `groessmann`. */
export const latin = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\0-\x7f]/g, (letter) => spelled[letter] ?? letter)
    .normalize('NFKD')
    .replace(/[^a-z0-9]/g, '');
