import { Type } from 'typebox';
import { nullable, Slug, Timestamp, Uuid } from './common.ts';

const Description = Type.Optional(Type.String({ maxLength: 500 }));
const Password = Type.String({ minLength: 1, maxLength: 1000 });

const ConnectionSettings = Type.Object(
  {
    type: Type.Literal('ews'),
    url: Type.String({ minLength: 1, maxLength: 2000, description: 'https://mail.corp.example/EWS/Exchange.asmx' }),
    authentication: Type.Union([Type.Literal('basic'), Type.Literal('ntlm'), Type.Literal('oauth')]),
    account: Type.String({ minLength: 1, maxLength: 500, description: 'UPN or DOMAIN\\name; for oauth the client id' }),
    oauth: Type.Optional(
      Type.Object(
        { authority: Type.String({ minLength: 1, maxLength: 2000 }), scope: Type.String({ minLength: 1, maxLength: 500 }) },
        { additionalProperties: false },
      ),
    ),
    caPem: Type.Optional(Type.String({ maxLength: 100_000 })),
    proxy: Type.Optional(Type.String({ minLength: 1, maxLength: 2000, description: 'http://proxy.corp.example:3128' })),
    maxRequests: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'Requests in flight at once, for all mailboxes together; default 20' })),
  },
  { additionalProperties: false },
);

export const Connection = Type.Object({
  id: Uuid,
  name: Slug,
  description: Type.String(),
  site: Slug,
  settings: ConnectionSettings,
  credential: Type.Object({ set: Type.Boolean(), changedAt: nullable(Timestamp) }),
  hintsTrusted: Type.Boolean({ description: 'false: its hints of what changed were wrong once, so every pass reads every folder' }),
  /** Exchange refused the account: ticks wait until settings or password are changed, or a test can sign in. */
  refused: nullable(Type.Object({ since: Timestamp, code: Type.String(), reason: Type.String(), next: Type.String() })),
  mailboxes: Type.Integer(),
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type Connection = Type.Static<typeof Connection>;

export const NewConnection = Type.Object(
  { name: Slug, description: Description, site: Slug, settings: ConnectionSettings, password: Password },
  { additionalProperties: false },
);
export type NewConnection = Type.Static<typeof NewConnection>;

/** Absent = unchanged. `settings` replaces all settings. */
export const ConnectionChange = Type.Object(
  { description: Description, settings: Type.Optional(ConnectionSettings), password: Type.Optional(Password) },
  { additionalProperties: false },
);
export type ConnectionChange = Type.Static<typeof ConnectionChange>;

export const ConnectionTestRequest = Type.Object(
  { mailbox: Type.Optional(Type.String({ minLength: 3, maxLength: 320, description: 'Address whose mailbox is opened; absent: none, and those steps are skipped' })) },
  { additionalProperties: false },
);
