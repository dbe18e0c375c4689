import { notifyReady } from '../../runtime/parent.ts';
import { readSettings } from '../../runtime/settings.ts';
import { defineCommand, flag, number } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const sampleCommand = defineCommand({
  path: ['sample'],
  summary: 'Run the sample organisation: an invented company in a small Active Directory and a small Exchange',
  description:
    'Listens on loopback addresses without TLS and holds nothing real. "lockstep up --sample" runs it by itself; alone it is for trying a site or a client of your own.',
  examples: [
    { what: 'A company of 2,000', line: 'lockstep sample --people 2000' },
    { what: 'Much mail', line: 'lockstep sample --people 9000 --messages 1000000' },
  ],
  options: {
    port: number('port', 'TCP port of the directory (default: LOCKSTEP_SAMPLE_PORT, else 3890)', { minimum: 1, maximum: 65_535 }),
    exchangePort: number('port', 'TCP port of Exchange (default: LOCKSTEP_SAMPLE_EXCHANGE_PORT, else 3891)', { minimum: 1, maximum: 65_535 }),
    people: number('count', 'size of the company; everything else grows with it', { minimum: 20, maximum: 200_000, default: 300 }),
    messages: number('count', 'in all mailboxes together (default: five for each person)', { minimum: 0, maximum: 10_000_000 }),
    largeMessages: number('count', 'so many mailboxes have a message of 100 MB', { minimum: 0, maximum: 1000, default: 0 }),
    hidePassword: flag('do not print the password of the account, where what is printed is kept in a log'),
  },
  async run({ options }, io) {
    const { startSampleDirectory } = await import('../../sample/directory/server.ts');
    const { exchangeAccount, organisationExchange } = await import('../../sample/exchange/organisation-exchange.ts');
    const { startSampleExchange } = await import('../../sample/exchange/server.ts');
    const { directoryModel } = await import('../../sample/organisation/directory-objects.ts');
    const { sampleOrganisation } = await import('../../sample/organisation/organisation.ts');
    const settings = readSettings(io.env);
    const organisation = sampleOrganisation({ people: options.people });
    const exchange = await startSampleExchange({
      ...organisationExchange(organisation, {
        largeMessages: options.largeMessages,
        ...(options.messages === undefined ? {} : { messages: options.messages }),
      }),
      port: options.exchangePort ?? settings.sampleExchangePort,
    });
    try {
      const directory = await startSampleDirectory({ port: options.port ?? settings.samplePort, model: directoryModel(organisation) });
      const { account, password: secret } = exchangeAccount(organisation);
      const password = options.hidePassword ? undefined : secret;
      const told = password === undefined ? '' : `, password ${password}`;
      io.emit(
        io.json
          ? { event: 'ready', url: directory.url, baseDn: directory.baseDn, exchangeUrl: exchange.url, account, password }
          : `${directory.url} (${organisation.name}, ${directory.baseDn}) and ${exchange.url}; account ${account}${told}`,
      );
      notifyReady();
      await new Promise<void>((resolve) => {
        if (io.signal.aborted) resolve();
        else io.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await directory.close();
    } finally {
      await exchange.close();
    }
    return { exitCode: exitCodes.ok };
  },
});
