import type { Schedule } from '../shared/schedule-types.ts';
import { scheduleIssues } from './schedule-rules.ts';

const timeZone = 'Europe/Berlin';
test.each<Schedule>([
  { kind: 'once', at: '2028-02-29T08:00', timeZone },
  { kind: 'daily', at: '08:00', timeZone: 'UTC' },
  { kind: 'interval', start: '22:00', end: '02:00', everyMinutes: 240, timeZone },
  { kind: 'interval', start: '00:00', end: '00:00', everyMinutes: 1440, timeZone },
  { kind: 'weekly', days: ['monday', 'friday'], at: '08:00', timeZone: 'America/St_Johns' },
])('accepts %j', (schedule) => {
  expect(scheduleIssues(schedule)).toEqual([]);
});

test.each<[Schedule, string]>([
  [{ kind: 'once', at: '2027-02-29T08:00', timeZone }, '/schedule/at'],
  [{ kind: 'once', at: '2027-01-01T25:00', timeZone }, '/schedule/at'],
  [{ kind: 'daily', at: '08:00', timeZone: 'Europe/Bonn' }, '/schedule/timeZone'],
  [{ kind: 'daily', at: '08:00', timeZone: '+01:00' }, '/schedule/timeZone'],
  [{ kind: 'interval', start: '22:00', end: '02:00', everyMinutes: 241, timeZone }, '/schedule/everyMinutes'],
  [{ kind: 'weekly', days: ['monday', 'monday'], at: '08:00', timeZone }, '/schedule/days'],
])('refuses %j and says where', (schedule, path) => {
  expect(scheduleIssues(schedule).map((issue) => issue.path)).toEqual([path]);
});
