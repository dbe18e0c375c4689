import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { LockstepError } from '../shared/errors.ts';

/** A port that a part is going to listen on. */
export interface PortUse {
  readonly host: string;
  readonly port: number;
  /** What for, as it is said in a message: `the API`. */
  readonly purpose: string;
  /** Environment variable that changes it. */
  readonly setting: string;
}

/**
 * @throws LockstepError ConfigInvalid `port.taken` naming the port, the setting and, where the system tells, the
 * process; `port.not-allowed` when this user may not use the port or the address is not of this machine
 */
export async function checkPort(use: PortUse): Promise<void> {
  const code = await listenError(use.host, use.port);
  if (code === undefined) return;
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(use.port);
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'port.taken',
      message: `Port ${use.port} (${use.purpose}) is taken${owner === undefined ? '' : ` by process ${owner.pid} (${owner.name})`}.`,
      next: `Stop that program, or choose another port: ${use.setting}=${use.port < 65_000 ? use.port + 100 : use.port - 100}.`,
    });
  }
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'port.not-allowed',
    message: `${use.purpose} cannot listen on ${use.host}, port ${use.port} (${code}).`,
    next: `Choose an address of this machine and a port that this user may use (from 1024 on): ${use.setting}.`,
  });
}

function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

/** Who listens on a TCP port: from /proc (proc_net(5), state 0A = listening); undefined elsewhere and for others' processes. */
async function portOwner(port: number): Promise<{ pid: number; name: string } | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
    const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
    for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
      const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
      for (const descriptor of descriptors) {
        const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
        const inode = /^socket:\[([0-9]+)\]$/.exec(target)?.[1];
        if (inode !== undefined && inodes.has(inode)) {
          return { pid: Number(pid), name: (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() };
        }
      }
    }
  } catch {
    // The message is as true without the name of the process.
  }
  return undefined;
}

function listeningInodes(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted) === true && fields[3] === '0A')
    .flatMap((fields) => fields[9] ?? []);
}
