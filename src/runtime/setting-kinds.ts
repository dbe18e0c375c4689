/** The kinds of setting: how a text becomes a value, and what is said when it does not. */

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export interface SettingRecord<T> {
  readonly env: string;
  readonly group: 'General' | 'API and gateway' | 'Database' | 'Content' | 'Temporal' | 'Keys' | 'Site and CLI' | 'Sample';
  /** One sentence. */
  readonly description: string;
  readonly default: T;
  /** What the default is, when the value does not say it by itself. */
  readonly defaultText?: string;
  readonly unit?: string;
  /** What values are taken, in words. */
  readonly bounds: string;
  readonly takesEffect: 'at start';
  /** Never shown, logged or repeated in an error. */
  readonly secret?: boolean;
  parse(text: string): Parsed<T>;
}

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const problem = (sentence: string): Parsed<never> => ({ ok: false, problem: sentence });

type Named = Pick<SettingRecord<unknown>, 'env' | 'group' | 'description'>;
type Default = Pick<SettingRecord<unknown>, 'defaultText' | 'secret'>;
const takesEffect = 'at start';

export const port = (named: Named & { default: number }): SettingRecord<number> => ({
  ...named,
  takesEffect,
  unit: 'TCP port',
  bounds: '1 to 65535',
  parse: (text) => {
    const parsed = Number(text);
    return /^[0-9]{1,5}$/.test(text) && parsed >= 1 && parsed <= 65535
      ? ok(parsed)
      : problem('must be a port from 1 to 65535');
  },
});

export const wholeNumber = (named: Named & { default: number; unit: string; min: number; max: number }): SettingRecord<number> => {
  const { min, max, ...rest } = named;
  return {
    ...rest,
    takesEffect,
    bounds: `${min} to ${max}`,
    parse: (text) =>
      /^[0-9]{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? ok(Number(text)) : problem(`must be a whole number from ${min} to ${max}`),
  };
};

/** An address to listen on; without a port, which is a setting of its own. */
export const host = (named: Named): SettingRecord<string> => ({
  ...named,
  takesEffect,
  default: '127.0.0.1',
  bounds: 'an IP address or host name, without a port',
  parse: (text) =>
    /^[0-9A-Za-z._-]+$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text)
      ? ok(text)
      : problem('must be an IP address or host name without a port'),
});

export const choice = <const C extends readonly [string, ...string[]]>(
  named: Named & { choices: C; default: C[number] },
): SettingRecord<C[number]> => ({
  env: named.env,
  group: named.group,
  description: named.description,
  takesEffect,
  default: named.default,
  bounds: named.choices.join(', '),
  parse: (text) => (named.choices.includes(text) ? ok(text) : problem(`must be one of ${named.choices.join(', ')}`)),
});

export const toggle = (named: Named): SettingRecord<boolean> => ({
  ...named,
  takesEffect,
  default: false,
  bounds: 'true or false',
  parse: (text) => (text === 'true' || text === 'false' ? ok(text === 'true') : problem('must be true or false')),
});

/** Any text that `check` finds nothing wrong with. */
export const text = (
  named: Named & { default: string; bounds: string; check?: (given: string) => string | undefined },
): SettingRecord<string> => {
  const { check, ...rest } = named;
  return { ...rest, takesEffect, parse: (given) => judged(given, check) };
};

export const optional = (
  named: Named & Default & { bounds: string; check?: (given: string) => string | undefined },
): SettingRecord<string | undefined> => {
  const { check, ...rest } = named;
  return { ...rest, takesEffect, default: undefined, parse: (given) => judged(given, check) };
};

const judged = (given: string, check: ((given: string) => string | undefined) | undefined): Parsed<string> => {
  const wrong = check?.(given);
  return wrong === undefined ? ok(given) : problem(wrong);
};

const parsedUrl = (given: string): URL | undefined => (URL.canParse(given) ? new URL(given) : undefined);

export const url = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({
    ...named,
    bounds: 'an http:// or https:// URL',
    check: (given) => (/^https?:$/.test(parsedUrl(given)?.protocol ?? '') ? undefined : 'must be an http:// or https:// URL'),
  });

/** Carries a password, so it is secret. */
export const postgresUrl = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({
    ...named,
    secret: true,
    bounds: 'postgres://user:password@host:5432/database',
    check: (given) => {
      const parsed = parsedUrl(given);
      return parsed !== undefined && /^postgres(?:ql)?:$/.test(parsed.protocol) && parsed.hostname !== ''
        ? undefined
        : 'must look like postgres://user:password@host:5432/database';
    },
  });

const isHostPort = (given: string): boolean => {
  const number = Number(/^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):([0-9]{1,5})$/.exec(given)?.[1]);
  return number >= 1 && number <= 65535;
};

export const address = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({
    ...named,
    bounds: 'host:port',
    check: (given) => (isHostPort(given) ? undefined : 'must be host:port'),
  });

/** An address whose scheme, when there is one, says whether it is reached by TLS. */
export const addressWithScheme = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({
    ...named,
    bounds: 'host:port, https://host:port or http://host:port',
    check: (given) =>
      isHostPort(given.replace(/^https?:\/\//, '')) ? undefined : 'must be host:port, https://host:port or http://host:port',
  });

export const pemFile = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({ ...named, bounds: 'path of a PEM file' });

/** A folder, or a bucket of S3 with where and how it is reached. */
export const blobPlace = (named: Named & Default): SettingRecord<string | undefined> =>
  optional({
    ...named,
    bounds: 'a folder, or s3://bucket/folder?endpoint=https://host&region=name (folder, endpoint and region as needed)',
    check: (given) => {
      if (!/^[a-z0-9]+:\/\//i.test(given)) return undefined;
      const parsed = parsedUrl(given);
      const known = parsed !== undefined && [...parsed.searchParams.keys()].every((name) => name === 'endpoint' || name === 'region');
      const endpoint = parsed?.searchParams.get('endpoint');
      const reachable = endpoint == null || /^https?:$/.test(parsedUrl(endpoint)?.protocol ?? '');
      return parsed?.protocol === 's3:' && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(parsed.hostname) && parsed.username === '' && known && reachable
        ? undefined
        : 'must be a folder or look like s3://bucket/folder?endpoint=https://host&region=name';
    },
  });
