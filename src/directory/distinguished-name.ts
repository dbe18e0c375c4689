/** A DN in a form that equal DNs share often enough for comparing what an administrator typed: case and blanks aside. */
const folded = (dn: string): string => dn.trim().toLowerCase().replace(/\s*([,=])\s*/g, '$1');

/** Whether a DN is that of the root or of something under it. */
export function isUnder(dn: string, root: string): boolean {
  const [key, rootKey] = [folded(dn), folded(root)];
  return key === rootKey || key.endsWith(`,${rootKey}`);
}
