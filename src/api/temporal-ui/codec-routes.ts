/**
 * The codec server of the Temporal UI (docs.temporal.io/production-deployment/data-encryption, "Codec Server"): payloads in,
 * payloads out, for a browser that has the cookie.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { type Static, Type } from 'typebox';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import type { Keyring } from '../../security/keyring.ts';
import { LockstepError } from '../../shared/errors.ts';
import { requireSameOrigin, requireUiCookie } from './ui-access.ts';

/** A page of the UI asks for the payloads of up to some hundred events at once; one payload has at most 2 MiB. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Payload as protobuf's JSON: bytes are base64. */
const PayloadJson = Type.Object({
  metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
  data: Type.Optional(Type.String()),
});
const Payloads = Type.Object({ payloads: Type.Optional(Type.Array(PayloadJson, { maxItems: 10_000 })) });

export const codecRoutes: FastifyPluginAsyncTypebox<{ readonly keyring: Pick<Keyring, 'tokenKeys' | 'codecKeys'> }> = async (app, { keyring }) => {
  const codec = new EncryptionCodec(keyring.codecKeys());
  app.addHook('onRequest', async (request) => {
    requireSameOrigin(request);
    await requireUiCookie(request, keyring);
  });
  const route = (name: 'encode' | 'decode', translate: (payloads: Payload[]) => Promise<Payload[]>) =>
    app.post(
      `/codec/${name}`,
      {
        bodyLimit: BODY_LIMIT_BYTES,
        schema: { hide: true, body: Payloads, response: { 200: Type.Object({ payloads: Type.Array(PayloadJson) }) } },
      },
      async (request) => ({ payloads: (await translate((request.body.payloads ?? []).map(fromJson))).map(toJson) }),
    );
  route('encode', (payloads) => codec.encode(payloads));
  route('decode', (payloads) => Promise.all(payloads.map((payload) => decodeIfPossible(codec, payload))));
};

/** One payload that cannot be read (of another installation, say) must not hide the others: it stays as it is. */
async function decodeIfPossible(codec: PayloadCodec, payload: Payload): Promise<Payload> {
  try {
    return (await codec.decode([payload]))[0] ?? payload;
  } catch (error) {
    if (error instanceof LockstepError) return payload;
    throw error;
  }
}

const fromJson = (json: Static<typeof PayloadJson>): Payload => ({
  metadata: Object.fromEntries(Object.entries(json.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
  data: Buffer.from(json.data ?? '', 'base64'),
});

const toJson = (payload: Payload): Static<typeof PayloadJson> => ({
  metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])),
  data: Buffer.from(payload.data ?? []).toString('base64'),
});
