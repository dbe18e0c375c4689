import { notifyReady } from '../../runtime/parent.ts';
import { readSettings } from '../../runtime/settings.ts';
import { defineCommand, flag, number } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const sampleCommand = defineCommand({
  path: ['sample'],
  summary: 'Run the sample directory: an invented company in a small Active Directory',
  description:
    'Listens on a loopback address without TLS and holds nothing real. "lockstep up --sample" runs it by itself; alone it is for trying a site or a client of your own.',
  examples: [{ what: 'A company of 2,000', line: 'lockstep sample --people 2000' }],
  options: {
    port: number('port', 'TCP port (default: LOCKSTEP_SAMPLE_PORT, else 3890)', { minimum: 1, maximum: 65_535 }),
    people: number('count', 'size of the company; everything else grows with it', { minimum: 20, maximum: 200_000, default: 300 }),
    hidePassword: flag('do not print the password of the account, where what is printed is kept in a log'),
  },
  async run({ options }, io) {
    const { startSampleDirectory } = await import('../../sample/directory/server.ts');
    const { directoryModel } = await import('../../sample/organisation/directory-objects.ts');
    const { sampleOrganisation } = await import('../../sample/organisation/organisation.ts');
    const organisation = sampleOrganisation({ people: options.people });
    const directory = await startSampleDirectory({
      port: options.port ?? readSettings(io.env).samplePort,
      model: directoryModel(organisation),
    });
    const account = organisation.serviceAccounts[0];
    const password = options.hidePassword ? undefined : account?.password;
    const told = password === undefined ? '' : `, password ${password}`;
    io.emit(
      io.json
        ? { event: 'ready', url: directory.url, baseDn: directory.baseDn, account: account?.name, password }
        : `${directory.url} (${organisation.name}, ${directory.baseDn}); account ${account?.name ?? ''}${told}`,
    );
    notifyReady();
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      else io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await directory.close();
    return { exitCode: exitCodes.ok };
  },
});
