/** Who decided what. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type AuditEntry as AuditRow, listAudit } from '../../archive/audit.ts';
import { withOrganisation } from '../../archive/database.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { AuditEntry } from '../schemas/audit.ts';
import { Bigint, page } from '../schemas/common.ts';
import { DEFAULT_LIMIT, listQuery, mapPage } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';

const auditAnswer = ({ number, at, byId, by, action, subject, before, after, hash }: AuditRow): AuditEntry => ({
  number, at: at.toISOString(), by: { id: byId, label: by }, action, subject, before, after, hash: hash.toString('hex'),
});

export const auditRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/audit',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listAudit',
        summary: 'List who decided what',
        description: 'Decisions of the organisation about what is kept of people. Each entry holds the hash of the one before it.',
        tags: ['organisation'],
        querystring: listQuery({ after: Type.Optional(Bigint) }),
        response: { 200: answer(page(AuditEntry), 'Newest first'), ...problems(400) },
      },
    },
    async (request) => {
      const { after, limit = DEFAULT_LIMIT } = request.query;
      return mapPage(await withOrganisation(database, organisationOf(request), (tx) => listAudit(tx, { after, limit })), auditAnswer);
    },
  );
};
