/** Why a member of a mailbox group has no mailbox that a task could work on, and what to do about it. */
import type { ErrorReport } from '../shared/errors.ts';
import type { SkipReason } from './group-mailboxes.ts';

export const skippedMemberReports: Readonly<Record<SkipReason, ErrorReport>> = {
  pending: {
    class: 'ConfigInvalid',
    code: 'member.pending',
    message: 'A member of the group that was not read (yet).',
    next: 'Nothing, when its directory is still being read. Else read the directory that holds it: lockstep directory domains.',
  },
  missing: {
    class: 'ConfigInvalid',
    code: 'member.missing',
    message: 'It is gone from its directory.',
    next: 'Nothing: what was read of its mailbox stays. If it should be there, see what became of it: lockstep person show.',
  },
  'left-out': {
    class: 'ConfigInvalid',
    code: 'member.left-out',
    message: 'It is no person of the archive: a filter, the search bases or the e-mail domains of its directory leave it out.',
    next: 'See which of them, and change it: lockstep directory show.',
  },
  online: {
    class: 'ConfigInvalid',
    code: 'member.online',
    message: 'Its mailbox is in Exchange Online.',
    next: 'Take it out of this group: this connection reads Exchange servers of your own only.',
  },
  'no-mailbox': {
    class: 'ConfigInvalid',
    code: 'member.no-mailbox',
    message: 'It has no mailbox.',
    next: 'Nothing. Give it a mailbox in Exchange, or take it out of the group, to have it no longer listed.',
  },
  'no-address': {
    class: 'ConfigInvalid',
    code: 'member.no-address',
    message: 'It has a mailbox without an address.',
    next: 'Give it a primary SMTP address in Exchange; the next run takes it up.',
  },
};
