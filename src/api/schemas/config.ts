import { Type } from 'typebox';
import { nullable, Slug } from './common.ts';
import { Schedule, Settings } from './directories.ts';

/** Of the document's form. A server reads its own and older ones. */
export const CONFIGURATION_VERSION = 1;

const Description = Type.String({ maxLength: 500, default: '' });
const ConfiguredSite = Type.Object(
  { name: Slug, description: Description, disabled: Type.Boolean({ default: false }) },
  { additionalProperties: false },
);
const ConfiguredDirectory = Type.Object(
  {
    name: Slug,
    description: Description,
    site: Slug,
    settings: Settings,
    schedule: Type.Optional(nullable(Schedule)),
    jitterSeconds: Type.Integer({ minimum: 0, maximum: 3600, default: 60 }),
    paused: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

/** All settings of an organisation, and no secret: to be kept in version control, compared, and put into another installation. */
export const Configuration = Type.Object(
  {
    version: Type.Literal(CONFIGURATION_VERSION),
    organisation: Type.Optional(Type.String({ maxLength: 40, description: 'Where it was exported; of no effect when it is imported' })),
    sites: Type.Array(ConfiguredSite, { maxItems: 1000, default: [] }),
    directories: Type.Array(ConfiguredDirectory, { maxItems: 1000, default: [] }),
  },
  { additionalProperties: false },
);
export type Configuration = Type.Static<typeof Configuration>;
export type ConfiguredSite = Type.Static<typeof ConfiguredSite>;
export type ConfiguredDirectory = Type.Static<typeof ConfiguredDirectory>;

const Subject = Type.Union([Type.Literal('site'), Type.Literal('directory')]);
/** What an import does, or would do. */
export const ConfigurationChanges = Type.Object({
  /** False for a dry run. */
  applied: Type.Boolean(),
  changes: Type.Array(
    Type.Object({
      subject: Subject,
      name: Slug,
      action: Type.Union([Type.Literal('create'), Type.Literal('change')]),
      /** What changes; empty when it is created. */
      fields: Type.Array(Type.String()),
    }),
  ),
  /** There, but not in the document: left as they are. */
  unlisted: Type.Array(Type.Object({ subject: Subject, name: Slug })),
  /** Directories of the document that have no password afterwards, and so cannot run until one is set. */
  needPassword: Type.Array(Slug),
  warnings: Type.Array(Type.String()),
});
export type ConfigurationChanges = Type.Static<typeof ConfigurationChanges>;
