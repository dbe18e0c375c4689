import type { IngestClient, PageCursor } from '../../client/ingest-client.ts';
import type { DirectorySource, SourceObject } from '../../directory/directory-source.ts';
import type { DirectoryObjectStep, DirectoryPage } from '../../shared/directory.ts';
import { LockstepError } from '../../shared/errors.ts';
import { integrationId, runId } from '../../shared/ids.ts';
import type { OpenRunAnswer, PageAnswer, RunReport } from '../../shared/site-contract.ts';
import { Progress } from './progress.ts';
import { syncObject } from './sync-object.ts';

const run = runId('11111111-1111-4111-8111-111111111111');
const opened: OpenRunAnswer = {
  integrationId: integrationId('33333333-3333-4333-8333-333333333333'),
  settings: { security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true },
  sealedCredential: '', object: { by: 'address', value: 'ann@corp.example' }, cursor: { epoch: 4, seq: 0 },
};
const step = (name: DirectoryObjectStep['step'], outcome: DirectoryObjectStep['outcome'] = 'passed'): DirectoryObjectStep => ({ step: name, outcome, detail: name, durationMs: 1 });
const page = (last: boolean): DirectoryPage => ({ entries: [], members: [], problems: [], last });
const found: SourceObject = { steps: [step('connect'), step('find'), step('read')], pages: [page(false), page(true)] };

async function sync(object: SourceObject, answers: readonly PageAnswer[], answer: OpenRunAnswer = opened) {
  const posted: string[] = [];
  const reports: RunReport[] = [];
  const left = [...answers];
  const unused = () => Promise.reject(new Error('not for one object'));
  const ingest: IngestClient = {
    openRun: unused, putError: unused, watch: unused, postChanges: unused, needsFull: unused,
    postPage: async (_, { epoch, seq }: PageCursor, { last }: DirectoryPage) => {
      posted.push(`${epoch}/${seq} ${last}`);
      return left.shift() ?? { outcome: 'applied', seq: seq + 1 };
    },
    putReport: async (_, report) => void reports.push(report),
  };
  const source: Pick<DirectorySource, 'object'> = { object: async () => object };
  using progress = new Progress({ heartbeat: () => undefined, signal: new AbortController().signal });
  const outcome: unknown = await syncObject(ingest, run, answer, source as DirectorySource, progress).catch((error: unknown) => error);
  const steps = reports.flatMap(({ objectSteps = [] }) => objectSteps).map((each) => `${each.step} ${each.outcome}: ${each.detail}`);
  return { outcome, posted, steps };
}

test('the steps go on with what the platform says of the last page', async () => {
  const object = { outcome: 'changed', inScope: true, scopeDetail: 'In scope.', outcomeDetail: 'Title changed.' } as const;
  const { outcome, posted, steps } = await sync(found, [{ outcome: 'applied', seq: 1 }, { outcome: 'applied', seq: 2, object }]);
  expect(outcome).toEqual({ passed: 5, failed: 0 });
  expect(posted).toEqual(['4/0 false', '4/1 true']);
  expect(steps).toEqual(['connect passed: connect', 'find passed: find', 'read passed: read', 'scope passed: In scope.', 'apply passed: Title changed.']);
});

test('an object that was not found is a result: nothing is posted, and the report says where it ended', async () => {
  const { outcome, posted, steps } = await sync({ steps: [step('connect'), step('find', 'failed')], pages: [] }, []);
  expect(outcome).toEqual({ passed: 1, failed: 1 });
  expect(posted).toEqual([]);
  expect(steps.slice(2)).toEqual(['scope skipped: A step before it failed.', 'apply skipped: A step before it failed.']);
});

test('an answer that was lost on its way is told again', async () => {
  const object = { outcome: 'changed', inScope: true, scopeDetail: 'In scope.', outcomeDetail: 'Title changed.' } as const;
  const { steps } = await sync(found, [{ outcome: 'applied', seq: 1 }, { outcome: 'already-applied', seq: 2, object }]);
  expect(steps.at(-1)).toBe('apply passed: Title changed.');
});

test.each<PageAnswer>([{ outcome: 'stale', seq: 3 }, { outcome: 'superseded', epoch: 5 }])('an attempt that was overtaken ($outcome) reports nothing', async (answer) => {
  const { outcome, steps } = await sync(found, [answer]);
  expect(outcome).toMatchObject({ class: 'CursorInvalid', code: 'directory.superseded' });
  expect(steps).toEqual([]);
});

test('a run that does not say which object is of another version', async () => {
  const { object, ...other } = opened;
  expect(object).toBeDefined();
  const { outcome } = await sync(found, [], other);
  expect(outcome).toBeInstanceOf(LockstepError);
  expect(outcome).toMatchObject({ class: 'ConfigInvalid', code: 'site.not-one-object' });
});
