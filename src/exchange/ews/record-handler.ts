import type { ResponseHandler } from './response-reader.ts';

type Attribute = (name: string) => string | undefined;

/**
 * Base of the handlers: collects the text of those elements that are asked for, and keeps the path of open elements that matter.
 * Operations say what to do when an element opens, and when one whose text was asked for is complete.
 */
export abstract class RecordHandler implements ResponseHandler {
  readonly #textElements: ReadonlySet<string>;
  #text: string | undefined;

  constructor(textElements: readonly string[]) {
    this.#textElements = new Set(textElements);
  }

  get wantsText(): boolean {
    return this.#text !== undefined;
  }

  open(name: string, attribute: Attribute): void {
    this.#text = this.#textElements.has(name) ? '' : undefined;
    this.opened(name, attribute);
  }

  text(text: string): void {
    if (this.#text !== undefined) this.#text += text;
  }

  close(name: string): void {
    const text = this.#text;
    this.#text = undefined;
    if (text !== undefined) this.value(name, text);
    this.closed(name);
  }

  protected abstract opened(name: string, attribute: Attribute): void;
  protected abstract value(name: string, text: string): void;
  protected abstract closed(name: string): void;
}
