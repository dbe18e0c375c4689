import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { withOrganisation } from '../../archive/database.ts';
import { listIntegrationsOfSite } from '../../archive/integrations.ts';
import { changeSite, createSite, findSite, issueEnrolmentCode, listSites } from '../../archive/sites.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { ListQuery, mapPage, NamedPath, namePage } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { EnrolmentCode, NewSite, Site, SiteChange } from '../schemas/sites.ts';
import { siteAnswer } from '../views.ts';

export const siteAdminRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, engineCalls }) => {
  app.get(
    '/sites',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listSites',
        summary: 'List sites',
        tags: ['sites'],
        querystring: ListQuery,
        response: { 200: answer(page(Site), 'By name'), ...problems(400) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        mapPage(await namePage(request.query, (range) => listSites(tx, range)), siteAnswer),
      ),
  );

  app.post(
    '/sites',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'createSite',
        summary: 'Create a site',
        description: 'It is pending until an engine enrols with a one-time code.',
        tags: ['sites'],
        body: NewSite,
        response: { 201: answer(Site, 'Created'), ...problems(400, 409) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const site = await withOrganisation(database, organisation, (tx) => createSite(tx, organisation, request.body));
      return reply.code(201).send(siteAnswer(site));
    },
  );

  app.get(
    '/sites/:name',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getSite',
        summary: 'Show a site with its nodes',
        tags: ['sites'],
        params: NamedPath,
        response: { 200: answer(Site, 'The site'), ...problems(400, 404) },
      },
    },
    async (request) => siteAnswer(await withOrganisation(database, organisationOf(request), (tx) => findSite(tx, request.params.name))),
  );

  app.patch(
    '/sites/:name',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'changeSite',
        summary: 'Change, disable or enable a site',
        description: 'A disabled site is refused within seconds, on every route and at the gateway; its work waits. Enabling needs no new enrolment.',
        tags: ['sites'],
        params: NamedPath,
        body: SiteChange,
        response: { 200: answer(Site, 'The site as it is now'), ...problems(400, 404) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const { site, woken } = await withOrganisation(database, organisation, async (tx) => {
        const changed = await changeSite(tx, request.params.name, request.body);
        return { site: changed, woken: request.body.disabled === false ? await listIntegrationsOfSite(tx, changed.id) : [] };
      });
      // What it was refused with has parked its watchers.
      await Promise.all(woken.map((integration) => engineCalls.reconcileSchedule(organisation, integration)));
      return siteAnswer(site);
    },
  );

  app.post(
    '/sites/:name/enrolment-codes',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'issueEnrolmentCode',
        summary: 'Issue a one-time code with which an engine enrols as this site',
        description:
          'Good once, for an hour; it ends codes issued before and not used. A code for an enrolled site lets a reinstalled engine ' +
          'take its place: credentials that were sealed to the old one must then be entered again.',
        tags: ['sites'],
        params: NamedPath,
        response: { 201: answer(EnrolmentCode, 'Issued. The code is shown in this answer only'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const { name } = request.params;
      const issued = await withOrganisation(database, organisation, async (tx) => issueEnrolmentCode(tx, organisation, await findSite(tx, name)));
      return reply.code(201).send({ code: issued.code, site: name, expiresAt: issued.expiresAt.toISOString() });
    },
  );
};
