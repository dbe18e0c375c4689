#!/usr/bin/env node
// Starts Lockstep under Node 24, whichever Node ≥ 20.3 runs this file: plain JavaScript, nothing imported but Node's own.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WANTED_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

// The sources in a checkout, also where somebody has built it; the package has only the built program.
const sources = join(root, 'src', 'cli', 'main.ts');
const program = existsSync(sources) ? sources : join(root, 'dist', 'cli', 'main.js');

/** The Node of the npm package `node`: its own file, else that of the platform's package, which npm puts beside or below it. */
function packagedNode() {
  const require = createRequire(import.meta.url);
  let manifest;
  try {
    manifest = require.resolve('node/package.json');
  } catch {
    return undefined;
  }
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = join(dirname(manifest), 'bin', name);
  if (isProgram(own)) return own;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  try {
    const found = createRequire(manifest).resolve(`${prefix}-${platform}-${process.arch}/package.json`);
    const platformOwn = join(dirname(found), 'bin', name);
    return isProgram(platformOwn) ? platformOwn : undefined;
  } catch {
    return undefined;
  }
}

/** The package leaves a text of a few bytes where its install script did not run. */
function isProgram(file) {
  return existsSync(file) && statSync(file).size > 1_000_000;
}

if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) {
  process.argv[1] = program;
  await import(pathToFileURL(program).href);
} else {
  const node = packagedNode();
  if (node === undefined) {
    process.stderr.write(
      `Error: Lockstep runs on Node ${WANTED_MAJOR}; this is ${process.versions.node}, and the package "node" that brings the right one is not installed completely.\n` +
        `Run "npm ci" again and let its install scripts run ("npm install-scripts approve node" where npm asks), or start Lockstep with Node ${WANTED_MAJOR}.\n`,
    );
    process.exit(1);
  }
  // The channel tells the child when this process is gone, however it ended.
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // A terminal's Ctrl-C reaches the child by itself too; it takes the two for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`Error: ${node} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
