import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { organisationOf } from '../access.ts';
import { exportConfiguration, importConfiguration } from '../configuration.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { Configuration, ConfigurationChanges } from '../schemas/config.ts';
import { answer, problems } from '../schemas/responses.ts';

export const configRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, deps) => {
  app.get(
    '/config',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'exportConfiguration',
        summary: 'Export all settings',
        description: 'One document with no secret in it. The same settings always make the same document.',
        tags: ['config'],
        response: { 200: answer(Configuration, 'The settings') },
      },
    },
    (request) => withOrganisation(deps.database, organisationOf(request), exportConfiguration),
  );

  app.put(
    '/config',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'importConfiguration',
        summary: 'Import settings',
        description:
          'The document is checked as a whole and applied in one transaction, or not at all. It creates and changes, and never ' +
          'removes: what it does not name is listed in `unlisted` and stays. A directory that moves to another site, or whose host, ' +
          'port, security, caPem or account changes, loses its password and is listed in `needPassword`. With `dryRun` nothing is changed.',
        tags: ['config'],
        querystring: Type.Object({ dryRun: Type.Optional(Type.Boolean({ default: false })) }, { additionalProperties: false }),
        body: Configuration,
        response: { 200: answer(ConfigurationChanges, 'What was, or would be, changed'), ...problems(400, 409, 413, 422) },
      },
    },
    (request) => importConfiguration(deps, organisationOf(request), request.body, { dryRun: request.query.dryRun === true }),
  );
};
