const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&apos;': "'" };
const reference = /&(?:lt|gt|amp|quot|apos|#x[0-9a-fA-F]{1,6}|#[0-9]{1,7});/g;

/**
 * Text with its references resolved, those included that XML 1.0 does not allow. What no database can keep (U+0000, half a surrogate
 * pair) becomes U+FFFD.
 */
export const unescapeXml = (text: string): string =>
  text.includes('&') ? text.replace(reference, (written) => entities[written] ?? character(written)) : text;

function character(written: string): string {
  const code = written[2] === 'x' ? Number.parseInt(written.slice(3, -1), 16) : Number(written.slice(2, -1));
  return code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? '\ufffd' : String.fromCodePoint(code);
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Text for an element or an attribute in double quotes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (written) => escapes[written] ?? written);
