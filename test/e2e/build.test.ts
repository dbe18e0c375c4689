/** The package as it is built: what npm would install starts, without the sources and without webpack. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { replayHistory } from '../lab/replay.ts';
import { historyFolder } from '../replay/record-history.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-build-'));
  const dist = join(folder, 'dist');
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  // The steps of `npm run build`, into a folder of their own.
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', dist], { cwd: root });
  await run(process.execPath, ['src/workers/write-build.ts', dist], { cwd: root });
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the built program starts and knows its version', async () => {
  const { stdout } = await run(process.execPath, [join(folder, 'dist/cli/main.js'), '--version']);
  expect(stdout.trim()).toBe(manifest.version);
});

test('it has the SQL, and every root it starts can be loaded', async () => {
  for (const part of ['migrations', 'sql']) {
    expect(await readdir(join(folder, 'dist/archive', part))).toEqual(await readdir(join(root, 'src/archive', part)));
  }
  const load = ['server', 'site'].map((name) => `await import(${JSON.stringify(join(folder, `dist/workers/${name}.js`))});`);
  await run(process.execPath, ['--input-type=module', '--eval', load.join('\n')]);
});

test('the workflow bundle is the one that was built, and runs', async () => {
  const find = `console.log(JSON.stringify(await (await import(${JSON.stringify(join(folder, 'dist/workers/workflow-bundle.js'))})).workflowBundle()))`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', find]);
  const bundle = JSON.parse(stdout) as { codePath: string };
  expect(bundle).toEqual({ codePath: join(folder, 'dist/workflow-bundle.js') });
  const history = JSON.parse(await readFile(`${historyFolder}0.1.0-synced.json`, 'utf8')) as unknown;
  await replayHistory({ workflowBundle: bundle }, history);
});

test('the changelog speaks of this version', async () => {
  expect(await readFile(join(root, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${manifest.version}`);
});
