import type { SettingRecord } from './setting-kinds.ts';
import { settingRecords } from './setting-records.ts';

type AnyRecord = Pick<
  SettingRecord<unknown>,
  'env' | 'group' | 'description' | 'default' | 'defaultText' | 'unit' | 'bounds' | 'takesEffect' | 'secret'
>;
const records: readonly AnyRecord[] = Object.values(settingRecords);
const groups = [...new Set(records.map((record) => record.group))];

const defaultOf = (record: AnyRecord): string => record.defaultText ?? String(record.default);
const boundsOf = (record: AnyRecord): string => (record.unit === undefined ? record.bounds : `${record.unit}, ${record.bounds}`);

/** `lockstep help settings`. */
export function settingsText(): string {
  const lines = ['Settings are environment variables, read when a program starts.', ''];
  for (const group of groups) {
    lines.push(group);
    for (const record of records.filter((one) => one.group === group)) {
      lines.push(`  ${record.env}${record.secret === true ? ' (secret)' : ''}`);
      lines.push(`      ${record.description}`);
      lines.push(`      default: ${defaultOf(record)} · takes: ${boundsOf(record)}`);
    }
    lines.push('');
  }
  return lines.join('\n').trimEnd();
}

/** docs/settings.md. */
export function settingsMarkdown(): string {
  const lines = [
    '# Settings',
    '',
    'Made from `src/runtime/setting-records.ts` by `lockstep help settings --markdown`; a test compares the two.',
    'Every setting is an environment variable and takes effect when a program starts.',
  ];
  for (const group of groups) {
    lines.push('', `## ${group}`, '', '| setting | what it is | default | takes |', '|---|---|---|---|');
    for (const record of records.filter((one) => one.group === group)) {
      const secret = record.secret === true ? ' Secret.' : '';
      lines.push(`| \`${record.env}\` | ${record.description}${secret} | ${defaultOf(record)} | ${boundsOf(record)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The settings as data, for `--json`. */
export const settingsData = () =>
  records.map((record) => ({
    env: record.env,
    group: record.group,
    description: record.description,
    default: record.default ?? null,
    defaultText: defaultOf(record),
    bounds: boundsOf(record),
    takesEffect: record.takesEffect,
    secret: record.secret === true,
  }));
