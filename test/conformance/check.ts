import { baseDn, type Changes, password, reader, type Target } from './targets.ts';
import { type Wire, wire, type WireAnswer, type WireSearch } from './wire.ts';

export interface Check {
  /** Stable: `differences.ts` names it. */
  readonly name: string;
  readonly run: (ask: Asking) => Promise<unknown>;
  /** Windows Server's answer. */
  readonly windows: unknown;
}
export interface Asking {
  /** A new connection, bound as an ordinary account. */
  readonly bound: () => Promise<Wire>;
  /** A new connection, bound as this account. */
  readonly as: (name: string) => Promise<Wire>;
  /** A new connection that is not bound. */
  readonly anonymous: () => Promise<Wire>;
  /** One search on a new bound connection. */
  readonly search: (search: WireSearch) => Promise<WireAnswer>;
  readonly changes: Changes;
  /** A new organisational unit for what the check makes. Its DN. */
  readonly unit: () => Promise<string>;
}

let units = 0;

/** Runs a check on connections of its own, which it ends. */
export async function run(check: Check, target: Target): Promise<unknown> {
  const open: Wire[] = [];
  const anonymous = async () => {
    const connection = await wire(target);
    open.push(connection);
    return connection;
  };
  const as = async (name: string) => {
    const connection = await anonymous();
    await connection.bind(name, password);
    return connection;
  };
  const bound = () => as(reader);
  const unit = async () => {
    const dn = `OU=Check ${++units},${baseDn}`;
    await target.changes.create(dn, { objectClass: 'organizationalUnit' });
    return dn;
  };
  const search = async (asked: WireSearch) => (await bound()).search(asked);
  try {
    return await check.run({ anonymous, as, bound, search, changes: target.changes, unit });
  } finally {
    for (const connection of open) connection.close();
  }
}
