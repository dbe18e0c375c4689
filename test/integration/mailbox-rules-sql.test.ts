/** What rules say of an item that a page brings, and of the row that is stored of it, is the same. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { itemRow } from '../../src/archive/item-mapping.ts';
import { folderRules, leftOutSql, type LeftOutReason } from '../../src/archive/mailbox-rules.ts';
import { type ItemProperties, sensitivities, type SourceItemId, type WellKnownFolder } from '../../src/shared/mailbox.ts';
import type { ItemRule } from '../../src/shared/tasks.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const now = new Date('2026-11-24T12:00:00Z');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const itemClass = fc.constantFrom('IPM.Note', 'ipm.note.SMIME', 'IPM.Notebook', 'IPM', 'Ipm.Contact', 'İPM.Note', 'IPM.Note%', 'ipm_note', '');
const instant = fc.constantFrom('2026-11-20T00:00:00Z', '2026-11-19T23:59:59.999999Z', '2026-11-20T00:00:00.000001Z', '2024-02-29T12:00:00Z', '1601-01-01T00:00:00Z');
const rule: fc.Arbitrary<ItemRule> = fc
  .record({
    action: fc.constantFrom('include' as const, 'exclude' as const),
    wellKnown: optional(fc.constantFrom<WellKnownFolder>('inbox', 'drafts')),
    itemClass: optional(itemClass),
    olderThanDays: optional(fc.constantFrom(1, 4, 36_500)),
    largerThanBytes: optional(fc.constantFrom(1, 1000, Number.MAX_SAFE_INTEGER)),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as ItemRule);
const rulesArbitrary = fc.record({
  leaveOutPrivate: fc.boolean(),
  exclude: fc.record({ inbox: fc.nat(5).map((n) => n === 0), sentItems: fc.boolean(), deletedItems: fc.boolean() }),
  rules: fc.array(rule, { maxLength: 5 }),
});
const itemArbitrary = fc.record({
  itemClass, size: fc.constantFrom(0, 1, 999, 1000, 1001, Number.MAX_SAFE_INTEGER), sensitivity: fc.constantFrom(...sensitivities),
  receivedAt: fc.option(instant), createdAt: fc.option(instant), sentAt: fc.option(instant),
});
const rest = {
  subject: '', from: null, to: [], cc: [], bcc: [], modifiedAt: null, importance: 'normal', isRead: true, isDraft: false, hasAttachments: false, flag: 'none', categories: [],
  messageId: null, inReplyTo: null, conversationId: null,
} as const;

test('rows are judged as pages are, whatever they were judged before', async () => {
  await fc.assert(
    fc.asyncProperty(rulesArbitrary, rulesArbitrary, fc.array(itemArbitrary, { minLength: 1, maxLength: 20 }), async (before, after, items) => {
      const place = { path: ['Inbox'], wellKnown: ['inbox'] as const };
      const [first, second] = [folderRules(before, place, now), folderRules(after, place, now)];
      const entries = items.map((item, n) => ({ id: `${n}` as SourceItemId, changeKey: '', searchKey: null, sourceKey: null, properties: { ...rest, ...item } satisfies ItemProperties }));
      const stored = entries.map((entry, n) => ({ n, ...itemRow(entry, first) }));
      const { rows } = await sql<{ reason: LeftOutReason | null }>`
        select ${leftOutSql(second)} as reason
        from jsonb_to_recordset(${JSON.stringify(stored)}::jsonb) as i (n integer, left_out text, item_class text, size bigint, sort_at timestamptz, properties jsonb)
        order by n`.execute(lab.owner);
      const expected = entries.map((entry, n) => {
        const reason = itemRow(entry, second).left_out;
        // Nothing is known of it: it is read.
        return stored[n]?.left_out === 'private' && reason !== 'private' ? null : reason;
      });
      expect(rows.map(({ reason }) => reason)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
