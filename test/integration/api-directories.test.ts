import { openSealed } from '../../src/security/seal.ts';
import { integrationId } from '../../src/shared/ids.ts';
import { type LabApi, labApi, type LabOrganisation, type LabSite } from '../lab/api.ts';

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
});
afterAll(() => api.close());

const settings = { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true };
const daily = { kind: 'daily', at: '08:30', timeZone: 'Europe/Berlin' };
const admin = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown) => api.call(acme.tokens.admin, method, `/api/v1${url}`, body);
const add = (name: string, change: object = {}) => admin('POST', '/directories', { name, site: 'berlin', settings, password: 'Pa$$word-of-corp', ...change });

test('adding a directory answers it whole', async () => {
  const { status, body, text } = await add('corp', { schedule: daily, description: 'Headquarters' });
  expect([status, text]).toEqual([201, expect.anything()]);
  expect(body).toMatchObject({
    name: 'corp',
    description: 'Headquarters',
    site: 'berlin',
    settings,
    credential: { set: true },
    schedule: daily,
    state: 'active',
    jitterSeconds: 60,
    skippedTicks: 0,
    nextRuns: ['2026-11-25T07:30:00.000Z', '2026-11-26T07:30:00.000Z', '2026-11-27T07:30:00.000Z'],
    openProblems: 0,
    counts: { people: 0, groups: 0, missing: 0 },
    lastRun: null,
    warnings: [],
  });
});
