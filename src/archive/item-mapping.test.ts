import type { ItemEntry, ItemProperties, SourceItemId } from '../shared/mailbox.ts';
import { contentSignature, itemRow, sourceHash } from './item-mapping.ts';
import { type EffectiveRules, folderRules } from './mailbox-rules.ts';

const properties: ItemProperties = {
  itemClass: 'IPM.Note', subject: 'Minutes', from: { name: 'Ada', address: 'ada@corp.example' }, to: [], cc: [], bcc: [], sentAt: null,
  receivedAt: '2026-11-20T12:00:00Z', createdAt: null, modifiedAt: '2026-11-20T12:00:00Z', size: 1000, sensitivity: 'normal', importance: 'normal', isRead: false,
  isDraft: false, hasAttachments: false, flag: 'none', categories: [], messageId: null, inReplyTo: null, conversationId: null,
};
const entry = (overrides: Partial<ItemProperties> = {}): ItemEntry => ({
  id: 'AAMk' as SourceItemId, changeKey: 'CQ', searchKey: 'AQI=', sourceKey: null, properties: { ...properties, ...overrides },
});
const rules: EffectiveRules = { leaveOutPrivate: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [{ action: 'exclude', largerThanBytes: 5000 }] };
const rowOf = (overrides: Partial<ItemProperties> = {}) => itemRow(entry(overrides), folderRules(rules, { path: ['Inbox'], wellKnown: ['inbox'] }, new Date('2026-11-24T12:00:00Z')));

test('ids that differ in case only are two', () => {
  expect(sourceHash('AAMk').equals(sourceHash('AAMK'))).toBe(false);
  expect(sourceHash('AAMk')).toHaveLength(16);
});

describe('what is kept of an item', () => {
  test('everything, fit for PostgreSQL', () => {
    expect(rowOf({ subject: 'a\0b', categories: ['\ud800'] })).toMatchObject({ left_out: null, properties: { subject: 'a\u{FFFD}b', categories: ['\u{FFFD}'] }, sort_at: '2026-11-20T12:00:00Z' });
  });
  test('of one that is too large its ids and what rules look at', () => {
    expect(rowOf({ size: 6000 })).toMatchObject({ left_out: 'size', properties: {}, size: 6000, item_class: 'IPM.Note', search_key: 'AQI=', signature: '' });
  });
  test('of a private one its ids', () => {
    const row = rowOf({ sensitivity: 'private', size: 6000 });
    expect(row).toMatchObject({ left_out: 'private', properties: {}, size: 0, item_class: '', signature: '' });
    expect(JSON.stringify(row)).not.toMatch(/Minutes|2026|IPM/);
  });
  test('it is sorted by when it was received, else made, else sent', () => {
    expect(rowOf({ receivedAt: null, createdAt: '2026-01-01T00:00:00Z', sentAt: '2025-01-01T00:00:00Z' }).sort_at).toBe('2026-01-01T00:00:00Z');
    expect(rowOf({ receivedAt: null, sentAt: '2025-01-01T00:00:00Z' }).sort_at).toBe('2025-01-01T00:00:00Z');
    expect(rowOf({ receivedAt: null }).sort_at).toBe('1601-01-01T00:00:00Z');
  });
});

describe('the signature of content', () => {
  const same = (overrides: Partial<ItemProperties>, base: Partial<ItemProperties> = {}) =>
    contentSignature({ ...properties, ...base, ...overrides }) === contentSignature({ ...properties, ...base });
  test.each<Partial<ItemProperties>>([
    { isRead: true }, { flag: 'flagged' }, { categories: ['x'] }, { importance: 'high' }, { size: 1100 }, { modifiedAt: '2026-11-21T12:00:00Z' },
  ])('of a message stays with a stamp, a flag or a read mark: %o', (overrides) => expect(same(overrides)).toBe(true));
  test.each<Partial<ItemProperties>>([{ subject: 'Other' }, { hasAttachments: true }, { to: [{ name: '', address: 'b@c.example' }] }, { itemClass: 'IPM.Note.EnterpriseVault.Shortcut' }])(
    'changes with what MIME holds: %o',
    (overrides) => expect(same(overrides)).toBe(false),
  );
  test.each<Partial<ItemProperties>>([{ isDraft: true }, { itemClass: 'IPM.Contact' }])('of what is written on changes with any change: %o', (base) => {
    expect(same({ modifiedAt: '2026-11-21T12:00:00Z' }, base)).toBe(false);
  });
});
