import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { type BrowserContext, chromium } from 'playwright-core';
import { labFolder } from './component.ts';

const executable = process.env['LOCKSTEP_TEST_CHROMIUM'] ?? '/usr/bin/chromium';

/** Why there is no browser; undefined when there is one. In CI its absence is a failure. */
export function browserMissing(): string | undefined {
  if (existsSync(executable)) return undefined;
  const reason = `no browser at ${executable} (LOCKSTEP_TEST_CHROMIUM names another)`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

/** A real browser with an empty profile. Close it. */
export async function browser(): Promise<BrowserContext> {
  return chromium.launchPersistentContext(await mkdtemp(`${labFolder()}/browser-`), {
    executablePath: executable,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
