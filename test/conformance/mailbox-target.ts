/** Mailboxes that the conformance suite of the port `Mailbox` runs on: the sample's, and one of a real Exchange where one is named. */
import { EwsServer } from '../../src/exchange/ews/ews-server.ts';
import { authenticated, EwsSource } from '../../src/exchange/ews/ews-source.ts';
import { RecordHandler } from '../../src/exchange/ews/record-handler.ts';
import { RequestGate } from '../../src/exchange/ews/request-gate.ts';
import { escapeXml } from '../../src/exchange/ews/xml-text.ts';
import type { MailboxSource } from '../../src/exchange/mailbox.ts';
import { exchangeAccount, organisationExchange } from '../../src/sample/exchange/organisation-exchange.ts';
import { startSampleExchange } from '../../src/sample/exchange/server.ts';
import { sampleOrganisation } from '../../src/sample/organisation/organisation.ts';
import { type ConnectionSettings, ewsAuthentications } from '../../src/shared/mailbox-contract.ts';

/** Somebody who changes the mailbox: a person with Outlook, as far as a test needs one. */
export interface MailboxEditor {
  /** Below a folder, by its id or a well-known name. */
  createFolder(parent: string, name: string): Promise<string>;
  renameFolder(id: string, name: string): Promise<void>;
  /** With everything in it, for good. */
  deleteFolder(id: string): Promise<void>;
  /** As received mail, unread. */
  createMessage(folder: string, mime: string): Promise<string>;
  setCategory(item: string, category: string): Promise<void>;
  markRead(item: string): Promise<void>;
  /** Gives the new id. */
  moveItem(item: string, folder: string): Promise<string>;
  deleteItem(item: string): Promise<void>;
}

export interface MailboxTarget {
  readonly source: MailboxSource;
  readonly address: string;
  /** An address that nobody has. */
  readonly nobody: string;
  readonly editor: MailboxEditor;
  close(): Promise<void>;
}

export async function sampleMailboxTarget(): Promise<MailboxTarget> {
  const organisation = sampleOrganisation({ people: 20 });
  const exchange = await startSampleExchange(organisationExchange(organisation, { messages: 2000 }));
  const { account, password } = exchangeAccount(organisation);
  const address = organisation.people[0]?.addresses.primary ?? '';
  const target = ewsTarget({ type: 'ews', url: exchange.url, authentication: 'ntlm', account }, password, address);
  return {
    ...target,
    close: async () => {
      await target.close();
      await exchange.close();
    },
  };
}

/** The real server that the environment names (see CONTRIBUTING.md); undefined: none. */
export function realMailboxTarget(env: Readonly<Record<string, string | undefined>> = process.env): (() => MailboxTarget) | undefined {
  const { LOCKSTEP_TEST_EWS_URL: url, LOCKSTEP_TEST_EWS_ACCOUNT: account, LOCKSTEP_TEST_EWS_PASSWORD: password, LOCKSTEP_TEST_EWS_MAILBOX: address } = env;
  if (url === undefined || account === undefined || password === undefined || address === undefined) return undefined;
  const authentication = ewsAuthentications.find((known) => known === env['LOCKSTEP_TEST_EWS_AUTHENTICATION']) ?? 'ntlm';
  return () => ewsTarget({ type: 'ews', url, authentication, account }, password, address);
}

function ewsTarget(settings: ConnectionSettings, password: string, address: string): MailboxTarget {
  const source = new EwsSource(settings, password);
  const url = new URL(settings.url);
  const server = new EwsServer(authenticated(settings, password, { origin: url.origin, caPem: undefined, proxy: undefined, connections: 1 }), url, new RequestGate(1));
  return {
    source,
    address,
    nobody: `nobody.at.all@${address.slice(address.indexOf('@') + 1)}`,
    editor: editor(async (body) => {
      const { id } = await server.call({ mailbox: address, body, shape: 'single', handler: () => new IdHandler(), signal: new AbortController().signal });
      return id;
    }),
    close: async () => {
      await source.close();
      await server.close();
    },
  };
}

/** The id of what a call made or changed. */
class IdHandler extends RecordHandler {
  id = '';
  constructor() {
    super([]);
  }
  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    if (name === 'ItemId' || name === 'FolderId') this.id = attribute('Id') ?? '';
  }
  protected override value(): void {
    // No text is asked for.
  }
  protected override closed(): void {
    // Ids are attributes.
  }
}

const folderId = (folder: string): string => (/^[a-z]+$/.test(folder) ? `<t:DistinguishedFolderId Id="${folder}"/>` : `<t:FolderId Id="${escapeXml(folder)}"/>`);
const itemId = (item: string): string => `<t:ItemId Id="${escapeXml(item)}"/>`;

function editor(call: (body: string) => Promise<string>): MailboxEditor {
  const update = (item: string, field: string, value: string): Promise<string> =>
    call(
      '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly" SuppressReadReceipts="true"><m:ItemChanges>' +
        `<t:ItemChange>${itemId(item)}<t:Updates><t:SetItemField><t:FieldURI FieldURI="${field}"/><t:Message>${value}</t:Message></t:SetItemField></t:Updates></t:ItemChange>` +
        '</m:ItemChanges></m:UpdateItem>',
    );
  return {
    createFolder: (parent, name) =>
      call(
        `<m:CreateFolder><m:ParentFolderId>${folderId(parent)}</m:ParentFolderId><m:Folders><t:Folder><t:FolderClass>IPF.Note</t:FolderClass>` +
          `<t:DisplayName>${escapeXml(name)}</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>`,
      ),
    renameFolder: async (id, name) =>
      void (await call(
        `<m:UpdateFolder><m:FolderChanges><t:FolderChange>${folderId(id)}<t:Updates><t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/>` +
          `<t:Folder><t:DisplayName>${escapeXml(name)}</t:DisplayName></t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`,
      )),
    deleteFolder: async (id) => void (await call(`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>${folderId(id)}</m:FolderIds></m:DeleteFolder>`)),
    // PidTagMessageFlags 0: neither read nor a draft.
    createMessage: (folder, mime) =>
      call(
        `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>${folderId(folder)}</m:SavedItemFolderId><m:Items><t:Message>` +
          `<t:MimeContent CharacterSet="UTF-8">${Buffer.from(mime).toString('base64')}</t:MimeContent>` +
          '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0e07" PropertyType="Integer"/><t:Value>0</t:Value></t:ExtendedProperty>' +
          '</t:Message></m:Items></m:CreateItem>',
      ),
    setCategory: async (item, category) => void (await update(item, 'item:Categories', `<t:Categories><t:String>${escapeXml(category)}</t:String></t:Categories>`)),
    markRead: async (item) => void (await update(item, 'message:IsRead', '<t:IsRead>true</t:IsRead>')),
    moveItem: (item, folder) => call(`<m:MoveItem><m:ToFolderId>${folderId(folder)}</m:ToFolderId><m:ItemIds>${itemId(item)}</m:ItemIds></m:MoveItem>`),
    deleteItem: async (item) =>
      void (await call(`<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>${itemId(item)}</m:ItemIds></m:DeleteItem>`)),
  };
}
