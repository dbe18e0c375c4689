import { password, reader, type Target } from './targets.ts';
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
  /** A new connection that is not bound. */
  readonly anonymous: () => Promise<Wire>;
  /** One search on a new bound connection. */
  readonly search: (search: WireSearch) => Promise<WireAnswer>;
}

/** Runs a check on connections of its own, which it ends. */
export async function run(check: Check, target: Target): Promise<unknown> {
  const open: Wire[] = [];
  const anonymous = async () => {
    const connection = await wire(target);
    open.push(connection);
    return connection;
  };
  const bound = async () => {
    const connection = await anonymous();
    await connection.bind(reader, password);
    return connection;
  };
  try {
    return await check.run({ anonymous, bound, search: async (search) => (await bound()).search(search) });
  } finally {
    for (const connection of open) connection.close();
  }
}
