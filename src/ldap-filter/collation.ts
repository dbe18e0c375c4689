const ascii = /^[\0-\x7f]*$/;

/**
 * Two texts are equal for AD when their folded forms are: AD compares Unicode strings ignoring case, accents and width
 * (MS-ADTS, Supported Comparison Operations: CompareString with NORM_IGNORECASE, NORM_IGNORENONSPACE,
 * NORM_IGNOREWIDTH). Kana type, which AD ignores too, is not folded.
 */
export const fold = (text: string): string =>
  ascii.test(text)
    ? text.toLowerCase()
    : text
        .normalize('NFKD')
        .replace(/\p{Mn}/gu, '')
        .toLowerCase()
        .normalize('NFC');
