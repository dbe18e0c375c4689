/**
 * Reads a SOAP answer of EWS as it arrives. What an operation wants of it goes to the operation's own handler; failures are
 * recognised here, in every shape that Exchange has for them:
 *
 *   SOAP fault (HTTP 500)                    ─► fails the call
 *   a ResponseMessage of class Error         ─► fails the call when it is the only one; of a batch it goes to the handler
 */
import type { LockstepError } from '../../shared/errors.ts';
import { responseError } from './response-codes.ts';
import { type XmlHandler, XmlScanner } from './xml-scanner.ts';

/** What an operation reads of an answer. */
export interface ResponseHandler extends XmlHandler {
  /** True while text is wanted. */
  readonly wantsText: boolean;
  /** Begins with each ResponseMessage; `failure`: of one that is in error, whose content is not handed on. */
  message?(failure: LockstepError | undefined): void;
  /** Awaited after each piece of the answer: who writes content somewhere says when there is room again. */
  drained?(): Promise<void> | undefined;
}

/** One message answers the call, or one each answers the parts of a batch. */
export type AnswerShape = 'single' | 'batch';

interface FailingPart {
  readonly element: string;
  code: string;
  message: string;
  backOffMs: number | undefined;
}

export class ResponseReader {
  readonly #handler: ResponseHandler;
  readonly #shape: AnswerShape;
  readonly #scanner: XmlScanner;
  /** Inside of an error: the fault or message that it belongs to. */
  #failing: FailingPart | undefined;
  #element = '';
  #detail = '';
  #value: string | undefined;
  #failure: LockstepError | undefined;
  #root: string | undefined;

  constructor(handler: ResponseHandler, shape: AnswerShape) {
    this.#handler = handler;
    this.#shape = shape;
    this.#scanner = new XmlScanner(
      {
        open: (name, attribute) => this.#open(name, attribute),
        text: (text) => this.#text(text),
        close: (name) => this.#close(name),
      },
      () => this.#failing !== undefined || handler.wantsText,
    );
  }

  /** The document's root, once it has arrived: a proxy's page is XML too. */
  get root(): string | undefined {
    return this.#root;
  }

  /** @throws MalformedXmlError */
  write(chunk: Buffer): void {
    this.#scanner.write(chunk);
  }

  /** @throws MalformedXmlError when the answer was cut off, LockstepError that the answer says */
  end(): void {
    this.#scanner.end();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #open(name: string, attribute: (name: string) => string | undefined): void {
    this.#root ??= name;
    this.#element = name;
    this.#detail = '';
    if (this.#failing !== undefined) {
      this.#value = name === 'Value' ? attribute('Name') : undefined;
      return;
    }
    const isMessage = name.endsWith('ResponseMessage');
    if (name === 'Fault' || (isMessage && attribute('ResponseClass') === 'Error')) {
      this.#failing = { element: name, code: '', message: '', backOffMs: undefined };
      return;
    }
    if (isMessage) this.#handler.message?.(undefined);
    this.#handler.open(name, attribute);
  }

  #text(text: string): void {
    if (this.#failing === undefined) this.#handler.text(text);
    else this.#detail += text;
  }

  #close(name: string): void {
    const failing = this.#failing;
    if (failing === undefined) {
      this.#handler.close(name);
      return;
    }
    if (name === this.#element) this.#note(failing, name);
    this.#element = '';
    if (name !== failing.element) return;
    this.#failing = undefined;
    const failure = responseError({ ...failing, code: failing.code === '' ? 'SoapFault' : failing.code });
    if (name === 'Fault' || this.#shape === 'single') this.#failure ??= failure;
    else this.#handler.message?.(failure);
  }

  #note(failing: FailingPart, element: string): void {
    const text = this.#detail.trim();
    if (element === 'ResponseCode') failing.code = text;
    else if (element === 'MessageText' || element === 'faultstring') failing.message = text;
    else if (element !== 'Value') return;
    else if (this.#value === 'BackOffMilliseconds' && /^\d{1,9}$/.test(text)) failing.backOffMs = Number(text);
    // A server that calls itself or another one wraps what went wrong there.
    else if (this.#value === 'InnerErrorResponseCode' && failing.code === 'ErrorInternalServerError') failing.code = text;
  }
}
