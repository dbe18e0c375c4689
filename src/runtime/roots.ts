/** What the composition roots take: `runServer` of src/workers/server.ts and `runSite` of src/workers/site.ts. */
import type { Logger } from 'pino';
import type { ServerSettings } from './settings.ts';

interface RootControl {
  readonly logger: Logger;
  /** Aborted: end in order. The root's promise settles when everything is closed. */
  readonly signal: AbortSignal;
  /** Called once, when the root does its work (API answers, workers poll). */
  readonly onReady?: () => void;
}

/** `runServer(settings, control)` resolves after `signal`, rejects when the server cannot start or go on. */
export type RunServer = (settings: ServerSettings, control: RootControl) => Promise<void>;

export interface SiteOptions {
  /** Keys and identity of this node's site are kept here, 0700. Created when absent. */
  readonly stateFolder: string;
  /** The platform: `https://lockstep.example`. After enrolment it is read from the state folder. */
  readonly url?: string;
  /** One-time enrolment code. Ignored when the state folder is enrolled already. */
  readonly code?: string;
  /** Name of this node in lists; default: the host's name. */
  readonly node?: string;
  /** PEM file of the certification authority of API and gateway; default: the system's. */
  readonly caFile?: string;
}

/** `runSite(options, control)` resolves after `signal`, rejects when the site is not (or no longer) accepted. */
export type RunSite = (options: SiteOptions, control: RootControl) => Promise<void>;
