import { status } from '@grpc/grpc-js';
import type { SiteId } from '../shared/ids.ts';
import { GatewayError } from './gateway-error.ts';

/**
 * Polls of one site that may wait at once. Temporal allows 1,200 for each API, namespace and frontend
 * (`frontend.namespaceCount`): without a limit of its own, one site could take them all. A node uses one to four.
 */
const MAX_POLLS_PER_SITE = 40;
/** Other calls of one site at once: 16 activities a node heartbeat and answer, each in milliseconds. */
const MAX_OTHERS_PER_SITE = 200;

/** One call that is under way. */
export interface OpenCall {
  readonly site: SiteId;
  readonly isPoll: boolean;
  /** The header it came with: it is asked again whether that is still good. */
  readonly authorization: string | undefined;
  /** Ends the call towards both sides. */
  cut(reason: GatewayError): void;
}

/** The calls under way: bounded for each site, and cut when the site's token stops being good. */
export class OpenCalls {
  readonly #calls = new Set<OpenCall>();
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#calls.size;
  }

  /** @throws GatewayError RESOURCE_EXHAUSTED */
  add(call: OpenCall): void {
    const key = this.#key(call);
    const count = this.#counts.get(key) ?? 0;
    if (count >= (call.isPoll ? MAX_POLLS_PER_SITE : MAX_OTHERS_PER_SITE)) {
      throw new GatewayError(status.RESOURCE_EXHAUSTED, 'This site has too many calls under way.');
    }
    this.#counts.set(key, count + 1);
    this.#calls.add(call);
  }

  /** Harmless when it was removed before. */
  remove(call: OpenCall): void {
    if (!this.#calls.delete(call)) return;
    const key = this.#key(call);
    const count = (this.#counts.get(key) ?? 1) - 1;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }

  /** Cuts the calls whose header `refusal` no longer accepts. Each header is asked about once, however many calls it has. */
  async recheck(refusal: (authorization: string | undefined) => Promise<GatewayError | undefined>): Promise<void> {
    const byHeader = Map.groupBy(this.#calls, (call) => call.authorization);
    await Promise.all(
      [...byHeader].map(async ([authorization, calls]) => {
        const reason = await refusal(authorization);
        if (reason !== undefined) for (const call of calls) call.cut(reason);
      }),
    );
  }

  cutAll(reason: GatewayError): void {
    for (const call of [...this.#calls]) call.cut(reason);
  }

  #key(call: OpenCall): string {
    return `${call.site} ${call.isPoll ? 'poll' : 'other'}`;
  }
}
