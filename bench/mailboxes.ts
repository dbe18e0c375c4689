/**
 * Replication of mailboxes by the real programs (`lockstep up`) from the sample Exchange, each in processes of its own on this machine:
 *
 *   1 a first replication, metadata only and with content, against exchangelib reading the same properties with as many requests in
 *     flight, and against a client that sends the same requests and throws the answers away; the sample answers all of them from memory
 *   2 a pass with nothing new: requests, Temporal events and seconds
 *   3 one large mailbox: the site's memory while the last fifth is read against the second fifth
 *   4 the mailboxes that can be read while 1 % hang and 1 % are throttled, against those alone
 *
 *   node bench/mailboxes.ts [--part 1,2,3,4] [--mailboxes 100] [--messages 1000] [--quiet-mailboxes 10000] [--large-messages 500000]
 *     [--mixed-mailboxes 400] [--peer-mailboxes 10] [--content] [--python /path/to/python]
 *
 * `--python`: with exchangelib installed; without it that peer is left out. Data on /dev/shm where there is one. Prints its figures last as one
 * JSON line with a verdict for each aim; the figures of each step go to stderr as they come.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MeasuredExchange } from './lib/measured-exchange.ts';
import { download, type PeerReading, readByExchangelib } from './lib/mailbox-peers.ts';
import { type MeasuredRun, MailboxTask, seconds } from './lib/mailbox-task.ts';
import type { Download } from './lib/plain-download.ts';
import { hundredths, thousandths } from './lib/rounded.ts';
import { usageOf } from './lib/usage.ts';

const aims = {
  timesExchangelib: 10,
  timesDownloadCpu: 3,
  siteMiB: 300,
  requestsAMailbox: 2,
  eventsAMailbox: 0.1,
  memoryRatio: 1.2,
  othersRatio: 1.2,
};

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: '1,2,3,4' },
    mailboxes: { type: 'string', default: '100' },
    messages: { type: 'string', default: '1000' },
    'quiet-mailboxes': { type: 'string', default: '10000' },
    'large-messages': { type: 'string', default: '500000' },
    'mixed-mailboxes': { type: 'string', default: '400' },
    'peer-mailboxes': { type: 'string', default: '10' },
    content: { type: 'boolean', default: false },
    python: { type: 'string' },
  },
});
const wanted = (part: string): boolean => values.part.split(',').includes(part);
const say = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

interface Verdict {
  readonly aim: string;
  readonly figure: number;
  readonly met: boolean;
}
const atMost = (aim: string, figure: number, most: number): Verdict => ({ aim, figure: hundredths(figure), met: figure <= most });
const atLeast = (aim: string, figure: number, least: number): Verdict => ({ aim, figure: hundredths(figure), met: figure >= least });

interface First {
  readonly content: boolean;
  /** With answers from memory. */
  readonly lockstep: MeasuredRun;
  /** While the sample made its answers. */
  readonly whileSampleWorks: MeasuredRun;
  readonly exchangelib?: PeerReading & { readonly messagesPerSecond: number };
  readonly download: Download;
  readonly unpacked: Download;
}

async function firstReplication(content: boolean): Promise<{ figures: First; verdicts: Verdict[] }> {
  const [mailboxes, messages] = [Number(values.mailboxes), Number(values.messages)];
  const exchange = await MeasuredExchange.start({ mailboxes, messages, remember: true });
  const replicate = async (): Promise<MeasuredRun> => {
    const task = await MailboxTask.start(exchange, { addresses: exchange.access.addresses, withContent: content });
    try {
      await exchange.tell({ do: 'forget' });
      return await task.measure();
    } finally {
      await task.stop();
    }
  };
  try {
    const what = content ? 'with content' : 'metadata';
    const whileSampleWorks = await replicate();
    say(`${what}, the sample makes its answers: ${JSON.stringify(whileSampleWorks)}`);
    const lockstep = await replicate();
    say(`${what}: ${JSON.stringify(lockstep)}`);
    const file = `${process.env['LOCKSTEP_LAB'] ?? tmpdir()}/requests`;
    await exchange.tell({ do: 'requests', file });
    const plain = await download(exchange, file, false);
    const unpacked = await download(exchange, file, true);
    say(`${what}, merely downloaded: ${JSON.stringify(plain)}, unpacked ${JSON.stringify(unpacked)}`);
    const peers = Math.min(mailboxes, Number(values['peer-mailboxes']));
    const read = async (python: string) => {
      await readByExchangelib(python, exchange, peers, content);
      const reading = await readByExchangelib(python, exchange, peers, content);
      return { ...reading, messagesPerSecond: Math.round(reading.messages / reading.wallSeconds) };
    };
    const exchangelib = values.python === undefined ? undefined : await read(values.python);
    say(`${what}, exchangelib: ${JSON.stringify(exchangelib)}`);
    const cpuTimes = (lockstep.cpuSeconds['site'] ?? 0) / plain.cpuSeconds;
    return {
      figures: { content, lockstep, whileSampleWorks, ...(exchangelib === undefined ? {} : { exchangelib }), download: plain, unpacked },
      verdicts: [
        ...(exchangelib === undefined
          ? []
          : [atLeast(`${what}: at least ${aims.timesExchangelib} times the messages a second of exchangelib`, lockstep.messagesPerSecond / exchangelib.messagesPerSecond, aims.timesExchangelib)]),
        atMost(`${what}: the site's CPU at most ${aims.timesDownloadCpu} times that of merely downloading`, cpuTimes, aims.timesDownloadCpu),
        atMost(`${what}: the site below ${aims.siteMiB} MiB`, lockstep.peakMiB['site'] ?? Number.NaN, aims.siteMiB),
      ],
    };
  } finally {
    await exchange.stop();
  }
}

const QUIET_MESSAGES = 2;

async function nothingNew() {
  const mailboxes = Number(values['quiet-mailboxes']);
  const exchange = await MeasuredExchange.start({ mailboxes, messages: QUIET_MESSAGES, remember: false });
  const task = await MailboxTask.start(exchange, { addresses: exchange.access.addresses, withContent: false });
  try {
    const first = await task.measure();
    say(`${mailboxes} mailboxes for the first time: ${JSON.stringify(first)}`);
    const before = (await exchange.tell({ do: 'counts' })).operations;
    const quiet = await task.measure();
    const after = (await exchange.tell({ do: 'counts' })).operations;
    const operations = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
    const requests = Object.values(operations).reduce((sum, count) => sum + count, 0);
    const [last] = (await task.lockstep.all<{ id: string }>('/runs')).slice(0, 1);
    const events = await task.temporalEvents(await task.run(last?.id ?? ''));
    const figures = { mailboxes, first, quiet, operations, requests, requestsAMailbox: thousandths(requests / mailboxes), events, eventsAMailbox: thousandths(events / mailboxes) };
    say(`nothing new: ${JSON.stringify(figures)}`);
    return {
      figures,
      verdicts: [
        atMost(`nothing new in ${mailboxes} mailboxes: at most ${aims.requestsAMailbox} requests a mailbox`, requests / mailboxes, aims.requestsAMailbox),
        atMost(`nothing new in ${mailboxes} mailboxes: at most ${aims.eventsAMailbox} Temporal events a mailbox`, events / mailboxes, aims.eventsAMailbox),
        atMost(`nothing new in ${mailboxes} mailboxes: the site below ${aims.siteMiB} MiB`, quiet.peakMiB['site'] ?? Number.NaN, aims.siteMiB),
      ],
    };
  } finally {
    await task.stop();
    await exchange.stop();
  }
}

/** proc(5): the peak of resident memory begins anew. */
const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');
const peakMiB = (pid: number): number => usageOf(pid)?.peakMiB ?? Number.NaN;

async function largeMailbox() {
  const messages = Number(values['large-messages']);
  const exchange = await MeasuredExchange.start({ mailboxes: 1, messages, remember: false });
  const task = await MailboxTask.start(exchange, { addresses: exchange.access.addresses, withContent: false });
  try {
    const run = await task.begin();
    const site = task.lockstep.pidOf('site');
    const peaks: number[] = [];
    /** Items that the site has committed. */
    const items = async () => (await task.run(run.id)).totals['items'] ?? 0;
    for (const fifth of [1, 2, 3, 4]) {
      while ((await items()) < (messages * fifth) / 5) await pause(200);
      peaks.push(peakMiB(site));
      forgetPeak(site);
      say(`${fifth} of 5 fifths of ${messages}: the site's peak ${peaks.at(-1)} MiB`);
    }
    const ended = await task.ended(run);
    peaks.push(peakMiB(site));
    const wall = seconds(ended);
    const figures = { messages, state: ended.state, wallSeconds: hundredths(wall), messagesPerSecond: Math.round(messages / wall), sitePeakMiBByFifth: peaks };
    say(`large mailbox: ${JSON.stringify(figures)}`);
    return {
      figures,
      verdicts: [
        atMost(`one mailbox of ${messages}: the site's peak memory in the last fifth at most ${aims.memoryRatio} times that in the second`, (peaks[4] ?? 0) / (peaks[1] ?? 1), aims.memoryRatio),
        atMost(`one mailbox of ${messages}: the site below ${aims.siteMiB} MiB`, Math.max(...peaks), aims.siteMiB),
      ],
    };
  } finally {
    await task.stop();
    await exchange.stop();
  }
}

const MIXED_MESSAGES = 100;

async function mixed() {
  const mailboxes = Number(values['mixed-mailboxes']);
  const hundredth = Math.max(1, Math.round(mailboxes / 100));
  const exchange = await MeasuredExchange.start({ mailboxes, messages: MIXED_MESSAGES, remember: false });
  const { addresses } = exchange.access;
  const others = addresses.slice(2 * hundredth);
  const secondsOf = async (list: readonly string[]): Promise<number> => {
    const task = await MailboxTask.start(exchange, { addresses: list, withContent: false });
    try {
      await task.begin();
      return await task.secondsUntilHealthy(others.length);
    } finally {
      await task.stop();
    }
  };
  try {
    const alone = await secondsOf(others);
    say(`${others.length} mailboxes alone: ${alone} s`);
    await exchange.tell({ do: 'fault', kind: 'hang', mailboxes: addresses.slice(0, hundredth) });
    await exchange.tell({ do: 'fault', kind: 'busy', mailboxes: addresses.slice(hundredth, 2 * hundredth) });
    const beside = await secondsOf(addresses);
    const figures = { mailboxes, hanging: hundredth, throttled: hundredth, messages: MIXED_MESSAGES, aloneSeconds: hundredths(alone), besideSeconds: hundredths(beside) };
    say(`beside those that hang: ${JSON.stringify(figures)}`);
    return {
      figures,
      verdicts: [atMost(`${others.length} mailboxes beside ${hundredth} that hang and ${hundredth} that are throttled: at most ${aims.othersRatio} times the time alone`, beside / alone, aims.othersRatio)],
    };
  } finally {
    await exchange.stop();
  }
}

process.env['LOCKSTEP_LAB'] = await mkdtemp(`${existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/lockstep-bench-`);
const loadBefore = loadavg();
const results = {
  ...(wanted('1') ? { metadata: await firstReplication(false) } : {}),
  ...(wanted('1') && values.content ? { content: await firstReplication(true) } : {}),
  ...(wanted('2') ? { nothingNew: await nothingNew() } : {}),
  ...(wanted('3') ? { largeMailbox: await largeMailbox() } : {}),
  ...(wanted('4') ? { mixed: await mixed() } : {}),
};
process.stdout.write(
  `${JSON.stringify({
    bench: 'mailboxes',
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    /** Of the whole machine: other work on it as well. */
    load: { before: loadBefore.map(hundredths), after: loadavg().map(hundredths) },
    results: Object.fromEntries(Object.entries(results).map(([name, { figures }]) => [name, figures])),
    aims: Object.values(results).flatMap(({ verdicts }) => verdicts),
  })}\n`,
);
