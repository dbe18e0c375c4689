import { mailboxConformance } from './mailbox-conformance.ts';
import { realMailboxTarget, sampleMailboxTarget } from './mailbox-target.ts';

describe('a mailbox of the sample Exchange, by EWS', () => mailboxConformance(sampleMailboxTarget));

const real = realMailboxTarget();
(real === undefined ? describe.skip : describe)('a mailbox of the Exchange that LOCKSTEP_TEST_EWS_URL names', () =>
  mailboxConformance(() => (real === undefined ? Promise.reject(new Error('no server is named')) : Promise.resolve(real()))),
);
