/** A DN in a form that equal DNs share often enough for comparing what an administrator typed: case and blanks aside. */
const folded = (dn: string): string => dn.trim().toLowerCase().replace(/\s*([,=])\s*/g, '$1');

/** Of several subtrees those that lie in no other one: an object must not be read twice. In the order given. */
export function outermost(bases: readonly string[]): string[] {
  const keys = bases.map(folded);
  return bases.filter((_, index) => {
    const own = keys[index] ?? '';
    return !keys.some((other, at) => (other === own ? at < index : own.endsWith(`,${other}`)));
  });
}
