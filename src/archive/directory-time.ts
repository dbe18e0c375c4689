/**
 * `20240102030405.0Z`: https://www.rfc-editor.org/rfc/rfc4517#section-3.3.13; Active Directory writes UTC with a
 * fraction.
 */
const generalizedTime = /^(\d{4})(\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})?)?(?:[.,](\d+))?(?:Z|([+-])(\d{2})(\d{2})?)$/;

/** The instant, to the second, or undefined when it is none. A leap second (`…60Z`) is the second after it. */
export function parseGeneralizedTime(text: string): Date | undefined {
  const match = generalizedTime.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC(): it takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) return undefined;
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const sign = match[8] === '-' ? 1 : -1;
  date.setUTCHours(hour + sign * offsetHours, minute + sign * offsetMinutes, second);
  return date;
}
