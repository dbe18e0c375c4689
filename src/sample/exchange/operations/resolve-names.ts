/** ResolveNames, as far as addresses go: the mailbox that is acted for is the only recipient known. */
import { EwsFault, escapeText } from '../soap.ts';
import type { Operation } from './context.ts';

export const resolveNames: Operation = function* (request, { mailbox }) {
  const entry = (request.child('UnresolvedEntry')?.text() ?? '').toLowerCase().replace(/^smtp:/, '');
  const { address, displayName } = mailbox.owner;
  if (entry !== address.toLowerCase()) throw new EwsFault('ErrorNameResolutionNoResults', 'No results were found.');
  yield '<m:ResolveNamesResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
    '<m:ResolutionSet TotalItemsInView="1" IncludesLastItemInRange="true"><t:Resolution><t:Mailbox>' +
    `<t:Name>${escapeText(displayName)}</t:Name><t:EmailAddress>${escapeText(address)}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType>` +
    '</t:Mailbox></t:Resolution></m:ResolutionSet></m:ResolveNamesResponseMessage>';
};
