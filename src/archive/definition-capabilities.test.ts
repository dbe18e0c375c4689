import type { MailboxCapability } from '../shared/mailbox-capabilities.ts';
import { capabilitiesOf } from '../shared/mailbox-capabilities.ts';
import { cannotDo } from './definition-capabilities.ts';

const settings = (withContent: boolean) => ({ withContent, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [] });

test('what a connection cannot do is said, as far as the definition asks for it', () => {
  expect(cannotDo(settings(true), new Set(capabilitiesOf.ews))).toEqual([]);
  expect(cannotDo(settings(true), new Set<MailboxCapability>(['every-item-class']))).toEqual([expect.stringContaining('metadata only')]);
  expect(cannotDo(settings(false), new Set<MailboxCapability>(['every-item-class']))).toEqual([]);
  expect(cannotDo(settings(false), new Set<MailboxCapability>(['mime']))).toEqual([expect.stringContaining('Only mail')]);
});
