/**
 * What Exchange lets a mailbox be asked: connections at once, and time in a bucket that fills again
 * (https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange). Under impersonation the budget is
 * that of the mailbox.
 */
import { EwsFault } from './soap.ts';

export interface Budget {
  /** EwsMaxConcurrency. */
  readonly concurrency: number;
  /** EwsMaxBurst: time that may be used at once. */
  readonly burstMs: number;
  /** EwsRechargeRate: what comes back in an hour. */
  readonly rechargeMsPerHour: number;
}

/** The default throttling policy of Exchange 2013 and later. */
export const defaultBudget: Budget = { concurrency: 27, burstMs: 300_000, rechargeMsPerHour: 900_000 };

interface Account {
  running: number;
  balanceMs: number;
  at: number;
}
const HOUR_MS = 3_600_000;

export class Budgets {
  readonly #budget: Budget;
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;

  constructor(budget: Budget, now: () => number = () => performance.now()) {
    this.#budget = budget;
    this.#now = now;
  }

  /** Gives what to call at the end, with the time that was used. @throws EwsFault ErrorExceededConnectionCount, ErrorServerBusy with the time until there is some again */
  begin(mailbox: string): (usedMs: number) => void {
    const { concurrency, burstMs, rechargeMsPerHour } = this.#budget;
    const began = this.#now();
    const account = this.#accounts.get(mailbox) ?? { running: 0, balanceMs: burstMs, at: began };
    account.balanceMs = Math.min(burstMs, account.balanceMs + ((began - account.at) * rechargeMsPerHour) / HOUR_MS);
    account.at = began;
    if (account.running >= concurrency) throw new EwsFault('ErrorExceededConnectionCount', 'You have exceeded the available concurrent connections for your account. Try again once your other requests have completed.');
    if (account.balanceMs <= 0) {
      throw new EwsFault('ErrorServerBusy', 'The server cannot service this request right now. Try again later.', Math.ceil((-account.balanceMs * HOUR_MS) / rechargeMsPerHour) + 1);
    }
    account.running += 1;
    this.#accounts.set(mailbox, account);
    return (usedMs) => {
      account.running -= 1;
      account.balanceMs -= usedMs;
      // As it was at the beginning: nothing to remember.
      if (account.running === 0 && account.balanceMs + ((this.#now() - account.at) * rechargeMsPerHour) / HOUR_MS >= burstMs) this.#accounts.delete(mailbox);
    };
  }
}
