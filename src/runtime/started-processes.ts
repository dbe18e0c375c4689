import { setTimeout as pause } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Home } from './home.ts';
import { readJsonFile } from './json-file.ts';
import { writePrivateFile } from '../security/private-file.ts';
import { isAlive, type ProcessRecord, sendSignal } from './process-identity.ts';

const Stored = Type.Record(
  Type.String(),
  Type.Object({ pid: Type.Integer(), identity: Type.String(), stopSignal: Type.String() }),
);
type Started = ProcessRecord & { readonly stopSignal: string };

/** Time for an orphan to end by itself before it is killed: PostgreSQL writes a checkpoint. */
const ORPHAN_ENDS_WITHIN_MS = 20_000;

/** The processes that were started in a home and have not been seen to end (processes.json). */
export class StartedProcesses {
  readonly #home: Home;
  #known: Record<string, Started> = {};
  #writing: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#home = home;
  }

  async add(part: string, record: ProcessRecord, stopSignal: string): Promise<void> {
    this.#known = { ...this.#known, [part]: { ...record, stopSignal } };
    await this.#save();
  }

  async remove(part: string): Promise<void> {
    this.#known = Object.fromEntries(Object.entries(this.#known).filter(([name]) => name !== part));
    await this.#save();
  }

  /**
   * Ends what a supervisor that was killed left running in this home, newest part first; only the very processes that
   * were recorded (pid and start time), nothing else. Call it with the home locked. Answers the names of those ended.
   */
  async endOrphans(): Promise<string[]> {
    const stored = await readJsonFile(this.#home.processesFile).catch(() => undefined);
    if (!Value.Check(Stored, stored)) return [];
    const ended: string[] = [];
    for (const [part, record] of Object.entries(stored).reverse()) {
      if (!(await isAlive(record))) continue;
      ended.push(part);
      sendSignal(record.pid, record.stopSignal as NodeJS.Signals);
      const deadline = Date.now() + ORPHAN_ENDS_WITHIN_MS;
      while ((await isAlive(record)) && Date.now() < deadline) await pause(50);
      if (await isAlive(record)) sendSignal(record.pid, 'SIGKILL');
      while (await isAlive(record)) await pause(50);
    }
    this.#known = {};
    await this.#save();
    return ended;
  }

  /** One write after the other: parts start and end at the same time. */
  #save(): Promise<void> {
    const content = `${JSON.stringify(this.#known, undefined, 2)}\n`;
    this.#writing = this.#writing.then(() => writePrivateFile(this.#home.processesFile, content));
    return this.#writing;
  }
}
