/** The sample's account and resource forests are joined as the real ones of samba-topologies.test.ts are. */
import { sampleResourceForest } from '../lab/sample-forest.ts';
import { password } from './targets.ts';
import { wire } from './wire.ts';

const forest = await sampleResourceForest();
afterAll(async () => {
  await Promise.all([forest.accounts.directory.close(), forest.resource.directory.close()]);
});

async function search(domain: (typeof forest)['accounts'], filter: string, attributes: string[]) {
  const connection = await wire(domain.directory);
  try {
    await connection.bind(domain.accounts.read.bind, password);
    return (await connection.search({ base: domain.baseDn, filter, attributes })).entries;
  } finally {
    connection.close();
  }
}

test('every linked mailbox is a disabled account whose master is a person of the account forest, but for one who is gone', async () => {
  const people = await search(forest.accounts, '(objectClass=user)', ['objectSid', 'sIDHistory']);
  const sids = new Set(people.flatMap(({ attributes }) => [...(attributes['objectSid'] ?? []), ...(attributes['sIDHistory'] ?? [])].map((sid) => sid.toString('hex'))));
  const linked = await search(forest.resource, '(msExchRecipientTypeDetails=2)', ['userAccountControl', 'msExchMasterAccountSid']);
  expect(linked.length).toBeGreaterThan(1);
  expect(new Set(linked.map(({ attributes }) => String(attributes['userAccountControl']?.[0])))).toEqual(new Set(['514']));
  const masters = linked.map(({ attributes }) => attributes['msExchMasterAccountSid']?.[0]?.toString('hex') ?? '');
  expect(masters.filter((sid) => !sids.has(sid))).toHaveLength(1);
});
