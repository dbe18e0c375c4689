/** The real API on a real database, with an engine that records what it is asked. */
import { generateKeyPairSync } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type ApiDependencies, createApi } from '../../src/api/server.ts';
import { issueApiToken, issueInstallationToken } from '../../src/archive/api-tokens.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { createOrganisation, type OrganisationRow } from '../../src/archive/organisations.ts';
import type { Engine } from '../../src/client/engine.ts';
import { nextOccurrences } from '../../src/client/occurrences.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { masterKeyOf } from '../../src/security/master-key.ts';
import { generateSealKeyPair } from '../../src/security/seal.ts';
import { issueSiteToken } from '../../src/security/site-token.ts';
import type { ApiScope } from '../../src/shared/principal.ts';
import { aSite } from './builders.ts';
import { freshDatabase, type LabDatabase } from './postgres.ts';

/** An engine that does nothing, remembers what it was asked, and fails while `failure` is set. */
export class RecordingEngine implements Engine {
  readonly calls: string[] = [];
  failure: Error | undefined;
  /** What Temporal would say. */
  skipped = 0;
  #record(call: string): Promise<void> {
    this.calls.push(call);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }
  startRun(...[organisation, run]: Parameters<Engine['startRun']>): Promise<void> {
    return this.#record(`start ${organisation} ${run}`);
  }
  cancelRun(...[organisation, run]: Parameters<Engine['cancelRun']>): Promise<void> {
    return this.#record(`cancel ${organisation} ${run}`);
  }
  reconcileSchedule(...[organisation, integration]: Parameters<Engine['reconcileSchedule']>): Promise<void> {
    return this.#record(`reconcile ${organisation} ${integration}`);
  }
  removeSchedule(...[organisation, integration]: Parameters<Engine['removeSchedule']>): Promise<void> {
    return this.#record(`remove ${organisation} ${integration}`);
  }
  async skippedTicks(...[organisation, integration]: Parameters<Engine['skippedTicks']>): Promise<number> {
    await this.#record(`skipped ${organisation} ${integration}`);
    return this.skipped;
  }
  reconcileTask(...[organisation, task]: Parameters<Engine['reconcileTask']>): Promise<void> {
    return this.#record(`reconcile-task ${organisation} ${task}`);
  }
  removeTask(...[organisation, task]: Parameters<Engine['removeTask']>): Promise<void> {
    return this.#record(`remove-task ${organisation} ${task}`);
  }
  async skippedTaskTicks(...[organisation, task]: Parameters<Engine['skippedTaskTicks']>): Promise<number> {
    await this.#record(`skipped-task ${organisation} ${task}`);
    return this.skipped;
  }
  nextRuns(...[schedule, after, count]: Parameters<Engine['nextRuns']>): Date[] {
    return nextOccurrences(schedule, after, count);
  }
  check(): Promise<void> {
    return this.#record('check');
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

export interface LabApi {
  readonly app: FastifyInstance;
  readonly lab: LabDatabase;
  readonly keyring: Keyring;
  readonly engine: RecordingEngine;
  /** Lines of the log, as JSON text. */
  readonly log: string[];
  readonly installationToken: string;
  /** A request as `token`, with a JSON body (text is sent as it is). */
  call(token: string | undefined, method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  organisation(name: string): Promise<LabOrganisation>;
  close(): Promise<void>;
}

export interface LabOrganisation {
  readonly row: OrganisationRow;
  readonly tokens: Readonly<Record<ApiScope, string>>;
  /** An enrolled site with keys of its own, seen just now, and a token of its node. */
  site(name: string): Promise<LabSite>;
}

export interface LabSite {
  readonly row: Awaited<ReturnType<typeof aSite>>;
  readonly sealPrivateKey: Buffer;
  readonly token: string;
}

export async function labApi({ tls }: Pick<ApiDependencies, 'tls'> = {}): Promise<LabApi> {
  const lab = await freshDatabase();
  const keyring = await Keyring.open(lab.app, masterKeyOf(Buffer.alloc(32, 7)));
  const engine = new RecordingEngine();
  const log: string[] = [];
  const app = await createApi({
    database: lab.app,
    keyring,
    engine,
    logger: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }),
    registry: new Registry(),
    version: '0.0.0-test',
    tls,
    gateway: { address: '127.0.0.1:7233', tls: false, namespace: 'default' },
    temporalUi: { uiUrl: 'http://127.0.0.1:9', publicUrl: 'http://127.0.0.1' },
    now: () => new Date('2026-11-24T08:00:00Z'),
  });
  const { token: installationToken } = await issueInstallationToken(lab.app, 'lab');

  return {
    app,
    lab,
    keyring,
    engine,
    log,
    installationToken,
    async call(token, method, url, body, headers = {}) {
      const request: InjectOptions = { method, url, headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } };
      if (body !== undefined) {
        request.payload = typeof body === 'string' ? body : JSON.stringify(body);
        request.headers = { 'content-type': 'application/json', ...request.headers };
      }
      const response = await app.inject(request);
      return { status: response.statusCode, headers: response.headers, text: response.body, body: parsed(response.body) };
    },
    async organisation(name) {
      const row = await createOrganisation(lab.app, keyring, { name, displayName: `Organisation ${name}` });
      const issue = async (scope: ApiScope) =>
        (await withOrganisation(lab.app, row.id, (tx) => issueApiToken(tx, row.id, { label: scope, scopes: [scope], expiresAt: null }))).token;
      const tokens = { read: await issue('read'), operate: await issue('operate'), admin: await issue('admin') };
      return { row, tokens, site: (siteName) => anEnrolledSite(lab, keyring, row, siteName) };
    },
    async close() {
      await app.close();
      await lab.close();
    },
  };
}

async function anEnrolledSite(lab: LabDatabase, keyring: Keyring, organisation: OrganisationRow, name: string): Promise<LabSite> {
  const seal = await generateSealKeyPair();
  const signPublicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const row = await aSite(lab.owner, organisation, {
    name,
    sign_public_key: signPublicKey,
    seal_public_key: seal.publicKey,
    enrolled_at: new Date(),
    last_seen_at: new Date(),
  });
  const token = await issueSiteToken(
    { database: lab.app, keyring },
    { id: row.id, organisationId: organisation.id, organisationName: organisation.name, name, state: 'enrolled', signPublicKey },
    'node-1',
  );
  return { row, sealPrivateKey: seal.privateKey, token };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
