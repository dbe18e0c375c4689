/** One Exchange server (or the address of several behind a balancer): calls, with everything that every call has. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LockstepError } from '../../shared/errors.ts';
import type { AuthenticatedHttp, HttpResponse } from './authentication.ts';
import { envelope } from './envelope.ts';
import { isLostConnection, malformedAnswer, networkError, notExchange, statusError } from './http-errors.ts';
import type { RequestGate } from './request-gate.ts';
import { type AnswerShape, type ResponseHandler, ResponseReader } from './response-reader.ts';
import { MalformedXmlError } from './xml-scanner.ts';

export interface Call<Handler extends ResponseHandler> {
  /** Primary SMTP address of the mailbox: impersonated, and the anchor by which the server finds it without asking around; null: none. */
  readonly mailbox: string | null;
  /** Children of soap:Body. */
  readonly body: string;
  readonly shape: AnswerShape;
  /** Made anew when the call is sent again. */
  handler(): Handler;
  readonly signal: AbortSignal;
}

export class EwsServer {
  readonly #http: AuthenticatedHttp;
  readonly #url: URL;
  readonly #gate: RequestGate;

  constructor(http: AuthenticatedHttp, url: URL, gate: RequestGate) {
    this.#http = http;
    this.#url = url;
    this.#gate = gate;
  }

  /**
   * Sends a call and hands its answer on as it arrives. Gives the handler when the answer was whole.
   * @throws LockstepError of every class but CursorInvalid by itself; what `signal` was aborted with
   */
  call<Handler extends ResponseHandler>(call: Call<Handler>): Promise<Handler> {
    return this.#gate.run(call.mailbox ?? '', call.signal, async (answered) => {
      try {
        const answer = await this.#sendTwice(call);
        answered();
        return await this.#attempt(call, answer);
      } catch (error) {
        call.signal.throwIfAborted();
        if (error instanceof LockstepError) throw error;
        throw error instanceof MalformedXmlError ? malformedAnswer(this.#url.host, error) : networkError(error, this.#url.host);
      }
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** A server may end an idle connection just as it is used again; what was sent there was never read. */
  async #sendTwice(call: Call<ResponseHandler>): Promise<HttpResponse> {
    try {
      return await this.#send(call);
    } catch (error) {
      if (call.signal.aborted || !isLostConnection(error)) throw error;
      return this.#send(call);
    }
  }

  #send({ mailbox, body, signal }: Call<ResponseHandler>): Promise<HttpResponse> {
    return this.#http.post({
      path: this.#url.pathname + this.#url.search,
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        accept: 'text/xml',
        'accept-encoding': 'gzip',
        'user-agent': 'Lockstep',
        ...(mailbox === null ? {} : { 'x-anchormailbox': mailbox }),
        // In Exchange's own logs this names the request.
        'client-request-id': randomUUID(),
        'return-client-request-id': 'true',
      },
      body: envelope(mailbox, body),
      signal,
    });
  }

  async #attempt<Handler extends ResponseHandler>(call: Call<Handler>, answer: HttpResponse): Promise<Handler> {
    const header = (name: string): string | undefined => [answer.headers[name] ?? []].flat()[0];
    const failure = statusError(
      { status: answer.statusCode, contentType: header('content-type') ?? '', retryAfter: header('retry-after'), location: header('location') },
      this.#url.host,
      new Date(),
    );
    if (failure !== undefined) {
      await answer.body.dump();
      throw failure;
    }
    const handler = call.handler();
    const reader = new ResponseReader(handler, call.shape);
    for await (const chunk of decoded(answer.body, header('content-encoding'))) {
      reader.write(chunk as Buffer);
      if (reader.root !== undefined && reader.root !== 'Envelope') throw notExchange(this.#url.host);
      // Bytes of content go to a file or to the platform: no faster than these take them.
      await handler.drained?.();
    }
    reader.end();
    return handler;
  }
}

function decoded(body: Readable, encoding: string | undefined): Readable {
  if (encoding !== 'gzip') return body;
  const plain = createGunzip();
  body.once('error', (error) => plain.destroy(error));
  plain.once('close', () => body.destroy());
  return body.pipe(plain);
}
