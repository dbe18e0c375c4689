import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto, { type temporal } from '@temporalio/proto';
import { EncryptionCodec, isEncrypted } from '../codec/payload-codec.ts';
import { decryptHeader, encryptFailure } from './transcode.ts';

type Failure = temporal.api.failure.v1.IFailure;
const key = { id: randomUUID(), key: randomBytes(32), retiredAt: null };
const codec = new EncryptionCodec({ active: async () => key, find: async () => key });
const FailureMessage = proto.temporal.api.failure.v1.Failure;
const textOf = (failure: Failure) => Buffer.from(FailureMessage.encode(failure).finish()).toString('latin1');

/** What the platform's workers do with a failure from Temporal: the codec first, then the failure converter. */
async function readBack(failure: Failure): Promise<Error> {
  const opened = async (payload: Payload | null | undefined) => (payload == null ? null : ((await codec.decode([payload]))[0] ?? null));
  const open = async (f: Failure): Promise<Failure> => ({
    ...f,
    encodedAttributes: await opened(f.encodedAttributes),
    cause: f.cause == null ? null : await open(f.cause),
    ...(f.applicationFailureInfo == null
      ? {}
      : {
          applicationFailureInfo: {
            ...f.applicationFailureInfo,
            details: { payloads: await codec.decode(f.applicationFailureInfo.details?.payloads ?? []) },
          },
        }),
  });
  return new DefaultFailureConverter({ encodeCommonAttributes: true }).failureToError(await open(failure), defaultPayloadConverter);
}

test.each([false, true])('A failure is stored without a word of its content and read back whole (encoded by the site: %s)', async (encodeCommonAttributes) => {
  const error = ApplicationFailure.create({
    type: 'ConfigInvalid',
    message: 'secret message',
    details: ['secret detail', { n: 1 }],
    nonRetryable: true,
    nextRetryDelay: '5 s',
    cause: new Error('secret cause'),
  });
  const sent = new DefaultFailureConverter({ encodeCommonAttributes }).errorToFailure(error, defaultPayloadConverter);
  const stored = await encryptFailure(codec, FailureMessage.decode(FailureMessage.encode(sent).finish()));
  expect(textOf(stored)).not.toMatch(/secret|transcode\.test/);
  expect(stored.applicationFailureInfo).toMatchObject({ type: 'ConfigInvalid', nonRetryable: true });
  expect(Number(stored.applicationFailureInfo?.nextRetryDelay?.seconds)).toBe(5);
  const back = await readBack(stored);
  expect(back).toMatchObject({ message: 'secret message', type: 'ConfigInvalid', details: ['secret detail', { n: 1 }], cause: { message: 'secret cause' } });
  expect(back.stack).toBe(error.stack);
});

test('Heartbeat details inside a time-out, and details of a cancellation, are encrypted too', async () => {
  const details = { payloads: [{ metadata: {}, data: Buffer.from('secret') }] };
  const stored = await encryptFailure(codec, {
    message: 'secret',
    timeoutFailureInfo: { timeoutType: 1, lastHeartbeatDetails: details },
    cause: { canceledFailureInfo: { details } },
  });
  expect(textOf(stored)).not.toContain('secret');
  expect(stored.timeoutFailureInfo?.lastHeartbeatDetails?.payloads?.every(isEncrypted)).toBe(true);
  expect(stored.cause?.canceledFailureInfo?.details?.payloads?.every(isEncrypted)).toBe(true);
});

test('Kinds of failure that an activity cannot have are dropped, and a chain without end is cut', async () => {
  const forged = await encryptFailure(codec, {
    message: 'x',
    activityFailureInfo: { activityId: 'of another', identity: 'somebody' },
    childWorkflowExecutionFailureInfo: { namespace: 'other' },
    serverFailureInfo: { nonRetryable: true },
    terminatedFailureInfo: { identity: 'somebody' },
  });
  expect(Object.keys(forged).sort()).toEqual(['cause', 'encodedAttributes', 'message', 'source']);

  let chain: Failure = { message: 'deepest' };
  for (let i = 0; i < 500; i++) chain = { message: 'x', cause: chain };
  let depth = 0;
  for (let at: Failure | null | undefined = await encryptFailure(codec, chain); at != null; at = at.cause) depth += 1;
  expect(depth).toBe(21);
});

test('Headers keep their names', async () => {
  const [encrypted] = await codec.encode([{ metadata: {}, data: Buffer.from('v') }]);
  const header = await decryptHeader(codec, { fields: { trace: encrypted ?? {}, plain: { data: Buffer.from('p') } } });
  expect(Object.entries(header?.fields ?? {}).map(([name, { data }]) => [name, Buffer.from(data ?? []).toString()])).toEqual([['trace', 'v'], ['plain', 'p']]);
  expect(await decryptHeader(codec, null)).toBeNull();
});
