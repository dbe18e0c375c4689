/** What load.py takes: see there. */
export interface LoadEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly LoadValue[]>>;
  /** Added when every entry is there: may point forward and around. */
  readonly links?: Readonly<Record<string, readonly string[]>>;
  readonly password?: string;
}
/** Bytes are for attributes that are no text. */
export type LoadValue = string | Buffer;

/** A line of load.py's input. */
export const loadLine = (entry: LoadEntry): string => {
  const attributes = Object.entries(entry.attributes).map(([name, values]) => [
    name,
    values.map((value) => (typeof value === 'string' ? value : { base64: value.toString('base64') })),
  ]);
  return `${JSON.stringify({ ...entry, attributes: Object.fromEntries(attributes) as unknown })}\n`;
};
