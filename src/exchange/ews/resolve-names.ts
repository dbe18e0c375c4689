/**
 * ResolveNames: who stands behind an address, as Exchange's address lists say. The smallest question that is answered without a mailbox.
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/resolvenames-operation
 */
import { RecordHandler } from './record-handler.ts';
import { escapeXml } from './xml-text.ts';

export const resolveNames = (entry: string): string =>
  `<m:ResolveNames ReturnFullContactData="false" SearchScope="ActiveDirectory"><m:UnresolvedEntry>${entry.includes('@') ? 'smtp:' : ''}${escapeXml(entry)}</m:UnresolvedEntry></m:ResolveNames>`;

/** ServerVersionInfo, which every answer has that Exchange's own code gives. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  readonly revision: number;
}

export class ResolveNamesHandler extends RecordHandler {
  /** An answer of SOAP began: whoever asks has signed in, whatever it says. */
  answered = false;
  version: ServerVersion | undefined;
  readonly names: { name: string; address: string }[] = [];
  #name = '';

  constructor() {
    super(['Name', 'EmailAddress']);
  }

  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    if (name === 'Envelope') this.answered = true;
    if (name !== 'ServerVersionInfo') return;
    const part = (of: string) => Number(attribute(of) ?? 0);
    this.version = { major: part('MajorVersion'), minor: part('MinorVersion'), build: part('MajorBuildNumber'), revision: part('MinorBuildNumber') };
  }

  protected override value(name: string, text: string): void {
    if (name === 'Name') this.#name = text;
    else this.names.push({ name: this.#name, address: text });
  }

  protected override closed(): void {}
}
