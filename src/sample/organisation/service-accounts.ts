import type { Identities } from './identity.ts';
import type { ServiceAccount } from './model.ts';

/** Every service account's. The sample directory listens on a loopback address and holds nothing real. */
const password = 'Sample-Passw0rd!';

const accounts: readonly (readonly [name: string, state: ServiceAccount['state'], description: string])[] = [
  ['svc-lockstep', 'active', 'Reads the directory for Lockstep'],
  ['svc-backup', 'active', 'Backs up file servers'],
  ['svc-disabled', 'disabled', 'An account that was disabled'],
  ['svc-locked', 'locked', 'An account that is locked after wrong passwords'],
  ['svc-expired', 'expired', 'An account past its last day'],
  ['svc-old-password', 'password-expired', 'An account whose password is too old'],
  ['svc-new', 'must-change-password', 'An account that must change its password first'],
];

export const makeServiceAccounts = (identities: Identities): ServiceAccount[] =>
  accounts.map(([name, state, description]) => ({
    name,
    state,
    description,
    guid: identities.guid(`account ${name}`),
    password,
    readsDeleted: name === 'svc-lockstep',
  }));
