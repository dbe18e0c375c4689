/**
 * Between a site, which sends and receives payloads in clear inside its own connection and never holds the codec key, and
 * Temporal, which stores ciphertext only.
 */
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

type Payloads = temporal.api.common.v1.IPayloads;
type Failure = temporal.api.failure.v1.IFailure;
type Header = temporal.api.common.v1.IHeader;

/** What the SDK's failure converters put in place of a message that is in the encoded attributes. */
const ENCODED_MESSAGE = 'Encoded failure';
/** Deeper chains of causes are cut: a site may send anything. The SDK's converters build chains of one to three. */
const MAX_CAUSES = 20;

export async function decryptPayloads(codec: PayloadCodec, payloads: Payloads | null | undefined): Promise<Payloads | null> {
  return payloads == null ? null : { payloads: await codec.decode(payloads.payloads ?? []) };
}

export async function encryptPayloads(codec: PayloadCodec, payloads: Payloads | null | undefined): Promise<Payloads | null> {
  return payloads == null ? null : { payloads: await codec.encode(payloads.payloads ?? []) };
}

export async function decryptHeader(codec: PayloadCodec, header: Header | null | undefined): Promise<Header | null> {
  if (header == null) return null;
  const names = Object.keys(header.fields ?? {});
  const decoded = await codec.decode(Object.values(header.fields ?? {}));
  return { fields: Object.fromEntries(names.map((name, i) => [name, decoded[i] ?? {}])) };
}

/**
 * A site's failure with everything that may hold content encrypted: message, stack and details, of each cause too. Only
 * the kinds that an activity can rightly fail with are kept; type, category and retry delay stay in clear, because the
 * server's retry policy reads them.
 */
export async function encryptFailure(codec: PayloadCodec, failure: Failure, depth = 0): Promise<Failure> {
  const { cause, applicationFailureInfo, canceledFailureInfo, timeoutFailureInfo } = failure;
  const attributes = failure.encodedAttributes ?? attributesOf(failure);
  const [encodedAttributes] = await codec.encode([attributes]);
  return {
    message: ENCODED_MESSAGE,
    source: failure.source ?? null,
    encodedAttributes: encodedAttributes ?? null,
    cause: cause == null || depth === MAX_CAUSES ? null : await encryptFailure(codec, cause, depth + 1),
    ...(applicationFailureInfo == null
      ? {}
      : {
          applicationFailureInfo: {
            type: applicationFailureInfo.type ?? null,
            nonRetryable: applicationFailureInfo.nonRetryable ?? null,
            details: await encryptPayloads(codec, applicationFailureInfo.details),
            nextRetryDelay: applicationFailureInfo.nextRetryDelay ?? null,
            category: applicationFailureInfo.category ?? null,
          },
        }),
    ...(canceledFailureInfo == null
      ? {}
      : { canceledFailureInfo: { details: await encryptPayloads(codec, canceledFailureInfo.details) } }),
    ...(timeoutFailureInfo == null
      ? {}
      : {
          timeoutFailureInfo: {
            timeoutType: timeoutFailureInfo.timeoutType ?? null,
            lastHeartbeatDetails: await encryptPayloads(codec, timeoutFailureInfo.lastHeartbeatDetails),
          },
        }),
  };
}

/** The form that DefaultFailureConverter reads back (temporalio/api failure/v1, `encoded_attributes`). */
const attributesOf = (failure: Failure): Payload => ({
  metadata: { encoding: Buffer.from('json/plain', 'utf8') },
  data: Buffer.from(JSON.stringify({ message: failure.message ?? '', stack_trace: failure.stackTrace ?? '' }), 'utf8'),
});
