import { readCliConfig } from '../../../runtime/cli-config.ts';
import { organisationId } from '../../../shared/ids.ts';
import { notFound } from '../../api-problem.ts';
import { defineCommand, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { withInstallationKeys } from '../../installation-keys.ts';
import { counted } from '../../output/numbers.ts';

export const keysRotateOrganisation = defineCommand({
  path: ['keys', 'rotate', 'organisation'],
  summary: 'Replace the key of an organisation',
  description:
    'Makes a new key and encrypts every stored password anew under it, in one transaction. The old key stays, wrapped, for what else was encrypted with it. Servers need no restart. Runs on the server, with its home folder and settings.',
  examples: [
    { line: 'lockstep keys rotate organisation acme', what: 'Of this organisation' },
    { line: 'lockstep keys rotate organisation', what: 'Of the one that commands act for' },
  ],
  arguments: { name: { description: 'short name (default: the one that commands act for)', optional: true } },
  async run({ arguments: given }, io) {
    const name = given.name ?? (await readCliConfig(io.home)).organisation;
    if (name === undefined) throw new UsageError('Say which organisation.');
    return withInstallationKeys(io, async ({ database, masterKey }) => {
      const { findOrganisationByName } = await import('../../../archive/organisations.ts');
      const { NotFoundError } = await import('../../../archive/record-errors.ts');
      const { rotateOrganisationKey } = await import('../../../security/rotate-keys.ts');
      const organisation = await findOrganisationByName(database, name).catch((error: unknown) => {
        throw error instanceof NotFoundError ? notFound(`There is no organisation "${name}".`, 'See which there are: lockstep organisation list.') : error;
      });
      const rotated = await rotateOrganisationKey({ database, masterKey: await masterKey() }, organisationId(organisation.id));
      return {
        exitCode: exitCodes.ok,
        data: { organisation: name, ...rotated },
        text: `${name} has a new key (${rotated.keyId}); ${counted(rotated.reencrypted, 'password')} encrypted anew.`,
      };
    });
  },
});
