import fc from 'fast-check';
import { clean, cleanLines, displayWidth, pad, truncate } from './clean.ts';

test('escape sequences and direction marks of a display name do not reach the terminal', () => {
  expect(clean('\u001b[2JAnna\u0007 \u202egpj.exe')).toBe('\ufffd[2JAnna\ufffd \ufffdgpj.exe');
  expect(clean('two\r\nlines\tand a tab')).toBe('two lines and a tab');
  expect(cleanLines('a\u009bb\nc')).toBe('a\ufffdb\nc');
});

test('ordinary text of any script stays as it is', () => {
  for (const name of ['Anna Jansen', 'Søren Ångström', '山田 太郎', 'Юлия', 'مريم', '👩‍🔧']) expect(clean(name)).toBe(name);
});

test('wide characters count as two columns, a composed one as one', () => {
  expect(displayWidth('山田')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('👩‍🔧')).toBe(2);
});

test('what is cut never takes more columns than it may, and what fits is not cut', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const cut = truncate(text, width);
      expect(displayWidth(cut)).toBeLessThanOrEqual(Math.max(width, 1));
      if (displayWidth(text) <= width) expect(cut).toBe(text);
      else expect(cut.endsWith('…')).toBe(true);
    }),
  );
});

test('numbers are filled from the left', () => {
  expect(pad('7', 3, 'right')).toBe('  7');
  expect(pad('山', 3)).toBe('山 ');
});
