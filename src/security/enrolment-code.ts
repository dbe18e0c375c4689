/** One-time codes by which a site enrols: 80 random bits in Crockford's base 32, `xxxx-xxxx-xxxx-xxxx`. */
import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_BYTES = 10;

/** A new code and what is stored of it. */
export function newEnrolmentCode(): { code: string; hash: Buffer } {
  let bits = BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`);
  let digits = '';
  for (let i = 0; i < (RANDOM_BYTES * 8) / 5; i++) {
    digits = (ALPHABET[Number(bits & 31n)] ?? '') + digits;
    bits >>= 5n;
  }
  const code = digits.replace(/(.{4})(?=.)/g, '$1-');
  return { code, hash: hashEnrolmentCode(code) };
}

/**
 * SHA-256 of the code's canonical form, which forgives what people do to codes: case, spaces, missing dashes, and o, i and
 * l for 0 and 1 (Crockford). No stretching: a code has 80 bits, lives an hour and is good once.
 */
export function hashEnrolmentCode(code: string): Buffer {
  const canonical = code
    .toLowerCase()
    .replace(/[\s-]/g, '')
    .replace(/o/g, '0')
    .replace(/[il]/g, '1')
    .replace(/(.{4})(?=.)/g, '$1-');
  return createHash('sha256').update(canonical, 'utf8').digest();
}
