import { createHash } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Home } from './home.ts';
import { canUse, type SystemUser } from './system-user.ts';

/** Only root needs it: a place that every user can pass through (Filesystem Hierarchy Standard, /var/lib). */
const SYSTEM_PLACE = '/var/lib/lockstep';

/**
 * The folder for data and, when needed, copied binaries: below the home, unless PostgreSQL runs as another user that
 * cannot get there (root's home below /root, which only root may enter).
 */
export async function choosePlace(home: Home, user: SystemUser | undefined): Promise<string> {
  if (user === undefined) return home.postgresFolder;
  // The other user may pass through the home, but not look into it; each file and folder in it has its own mode.
  await chmod(home.folder, 0o711);
  if (await canUse(user, 'execute', home.folder)) return home.postgresFolder;
  const key = createHash('sha256').update(home.folder).digest('hex').slice(0, 8);
  return join(SYSTEM_PLACE, `${basename(home.folder).replace(/^\./, '')}-${key}`);
}

/** Makes the folder, for the user that runs PostgreSQL only. */
export async function makePlace(place: string, user: SystemUser | undefined): Promise<void> {
  await mkdir(place, { recursive: true, mode: 0o755 });
  if (user !== undefined) await chown(place, user.uid, user.gid);
  await chmod(place, 0o700);
}
