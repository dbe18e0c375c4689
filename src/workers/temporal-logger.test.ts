import { withoutTaskToken } from './temporal-logger.ts';

test('what the Temporal SDK says is logged without the token of a task', () => {
  const meta = { activityId: '1', taskToken: 'c2VjcmV0', attempt: 2 };
  expect(withoutTaskToken(meta)).toEqual({ activityId: '1', attempt: 2 });
  expect(withoutTaskToken(undefined)).toEqual({});
});
