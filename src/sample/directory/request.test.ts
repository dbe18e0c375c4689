import fc from 'fast-check';
import {
  AbandonRequest,
  BindRequest,
  ExtendedRequest,
  type Message,
  PagedResultsControl,
  PresenceFilter,
  SearchRequest,
  UnbindRequest,
} from 'ldapts';
import { readPageRequest } from './paged-results.ts';
import { readRequest } from './request.ts';

const id = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const read = (message: Message) => readRequest(Buffer.from(message.write()));

test('a bind is read as it was written', () => {
  fc.assert(
    fc.property(id, text, text, (messageId, dn, password) => {
      expect(read(new BindRequest({ messageId, dn, password }))).toEqual({
        id: messageId,
        controls: [],
        kind: 'bind',
        name: dn,
        password,
      });
    }),
  );
});

test('a bind with a SASL mechanism is one without a password', () => {
  expect(read(new BindRequest({ messageId: 1, dn: '', password: 'x', mechanism: 'PLAIN' }))).toMatchObject({
    kind: 'bind',
    password: undefined,
  });
});

test('a search is read as it was written, with its controls', () => {
  fc.assert(
    fc.property(
      id,
      text,
      fc.constantFrom('base' as const, 'one' as const, 'sub' as const),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
      fc.array(text),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.uint8Array(),
      (messageId, baseDN, scope, sizeLimit, timeLimit, returnAttributeValues, attributes, pageSize, cookieBytes) => {
        const cookie = Buffer.from(cookieBytes);
        const request = read(
          new SearchRequest({
            messageId,
            baseDN,
            scope,
            sizeLimit,
            timeLimit,
            returnAttributeValues,
            attributes,
            filter: new PresenceFilter({ attribute: 'cn' }),
            controls: [new PagedResultsControl({ critical: true, value: { size: pageSize, cookie } })],
          }),
        );
        expect(request).toMatchObject({
          id: messageId,
          kind: 'search',
          base: baseDN,
          scope,
          sizeLimit,
          timeLimitSeconds: timeLimit,
          typesOnly: !returnAttributeValues,
          attributes,
          filter: { kind: 'present', attribute: 'cn' },
        });
        expect(request.controls).toMatchObject([{ oid: PagedResultsControl.type, critical: true }]);
        expect(readPageRequest(request.controls[0]?.value ?? Buffer.alloc(0))).toEqual({ size: pageSize, cookie });
      },
    ),
  );
});

test('the requests without an answer, and StartTLS', () => {
  expect(read(new UnbindRequest({ messageId: 7 }))).toEqual({ id: 7, controls: [], kind: 'unbind' });
  expect(read(new AbandonRequest({ messageId: 8, abandonId: 300 }))).toEqual({
    id: 8,
    controls: [],
    kind: 'abandon',
    target: 300,
  });
  expect(read(new ExtendedRequest({ messageId: 9, oid: '1.3.6.1.4.1.1466.20037' }))).toMatchObject({
    kind: 'extended',
    oid: '1.3.6.1.4.1.1466.20037',
  });
});

test('noise is an error and no loop', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        readRequest(Buffer.from(noise));
      } catch (error) {
        expect(String(error)).not.toContain('call stack');
      }
    }),
  );
});
