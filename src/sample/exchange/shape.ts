import type { Xml } from './soap.ts';

/** A MAPI property that is asked for. */
export interface ExtendedPath {
  /** The attributes of its ExtendedFieldURI, as they were written. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
  /** Of a property that has a tag. */
  readonly tag: number | undefined;
  /** Of a named one: what it is stamped under. */
  readonly name: string;
}

/** Which properties a request asks for. */
export interface Shape {
  readonly all: boolean;
  /** FieldURIs. */
  readonly fields: ReadonlySet<string>;
  readonly extended: readonly ExtendedPath[];
  readonly mime: boolean;
  readonly textBody: boolean;
}

/** An ItemShape, FolderShape or AttachmentShape. */
export function readShape(shape: Xml | undefined): Shape {
  const paths = shape?.child('AdditionalProperties')?.children() ?? [];
  const fields = new Set(paths.flatMap((path) => (path.name === 'FieldURI' ? [path.attribute('FieldURI') ?? ''] : [])));
  return {
    all: (shape?.child('BaseShape')?.text() ?? 'IdOnly') !== 'IdOnly',
    fields,
    extended: paths.filter(({ name }) => name === 'ExtendedFieldURI').map(extendedPath),
    mime: shape?.child('IncludeMimeContent')?.text() === 'true' || fields.has('item:MimeContent'),
    textBody: shape?.child('BodyType')?.text() === 'Text',
  };
}

const attributeNames = ['DistinguishedPropertySetId', 'PropertySetId', 'PropertyTag', 'PropertyName', 'PropertyId', 'PropertyType'] as const;

/** An ExtendedFieldURI. */
export function extendedPath(path: Xml): ExtendedPath {
  const attributes = attributeNames.flatMap((name) => {
    const value = path.attribute(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const tag = path.attribute('PropertyTag');
  return {
    attributes,
    tag: tag === undefined ? undefined : Number(tag),
    name: attributes.flatMap(([name, value]) => (name === 'PropertyType' ? [] : [value.toLowerCase()])).join(' '),
  };
}
