import { X509Certificate } from 'node:crypto';

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** What is wrong with certificates of authorities in PEM. */
export function pemIssue(pem: string): string | undefined {
  const blocks = [...pem.matchAll(pemBlock)];
  if (blocks.some((block) => (block[1] ?? '').includes('PRIVATE KEY'))) {
    return 'holds a private key; give the certificate of the certification authority only';
  }
  if (blocks.length === 0) return 'holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)';
  for (const [index, block] of blocks.entries()) {
    if (block[1] !== 'CERTIFICATE') return `holds a ${block[1] ?? 'block'}, which is no certificate`;
    try {
      new X509Certificate(block[0]);
    } catch {
      return `certificate ${index + 1} cannot be read`;
    }
  }
  return undefined;
}
