import { readdir, readFile } from 'node:fs/promises';
import { DeterminismViolationError } from '@temporalio/workflow';
import { replayHistory } from '../lab/replay.ts';
import { workflowBundle } from '../lab/workflow-bundle.ts';
import { historyFolder } from './record-history.ts';

const files = (await readdir(historyFolder)).filter((name) => name.endsWith('.json')).sort();
const history = async (file: string): Promise<{ events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] }> =>
  JSON.parse(await readFile(`${historyFolder}${file}`, 'utf8')) as never;

test('there are histories of every situation', () => {
  expect(files.map((file) => file.replace(/^[0-9.]+-/, ''))).toEqual(
    expect.arrayContaining([
      ...['cancelled.json', 'one-object.json', 'planned.json', 'refused.json', 'retried.json', 'skipped.json', 'synced.json', 'tested.json'],
      ...['watch-cancelled.json', 'watch-changed.json', 'watch-due.json', 'watch-idle.json', 'watch-parked.json'],
      ...['task-cancelled.json', 'task-cancelled-early.json', 'task-deepened.json', 'task-divided.json', 'task-given-up.json', 'task-part.json', 'task-skipped.json', 'task-unplanned.json'],
    ]),
  );
});

test.each(files)('a run or watcher recorded by a release still replays: %s', async (file) => {
  await replayHistory({ workflowBundle: await workflowBundle() }, await history(file));
});

test('the replay really looks: a history whose activity has another name is refused', async () => {
  const changed = await history('0.1.0-synced.json');
  for (const event of changed.events) {
    if (event.activityTaskScheduledEventAttributes?.activityType.name === 'readDirectory') {
      event.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
    }
  }
  await expect(replayHistory({ workflowBundle: await workflowBundle() }, changed)).rejects.toThrow(DeterminismViolationError);
});
