import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../archive/database.ts';
import { Timestamp } from '../schemas/common.ts';
import { createUiLink } from './ui-link.ts';

/** Registered below /api/v1: only the installation's token may open the Temporal UI, which shows the runs of every organisation. */
export const uiLinkRoutes: FastifyPluginAsyncTypebox<{ readonly database: Database; readonly publicUrl: string }> = async (app, options) => {
  app.post(
    '/ui-links',
    {
      config: { access: 'installation' },
      schema: {
        summary: 'Make a one-time link to the Temporal UI',
        description: 'Good once, for a minute. The browser that opens it may look into Temporal, with payloads decoded, for eight hours.',
        tags: ['installation'],
        response: { 201: Type.Object({ url: Type.String(), expiresAt: Timestamp }) },
      },
    },
    async (_request, reply) => {
      const { code, expiresAt } = await createUiLink(options.database);
      const url = new URL('/ui/open', options.publicUrl);
      url.searchParams.set('code', code);
      return reply.code(201).send({ url: url.href, expiresAt: expiresAt.toISOString() });
    },
  );
};
