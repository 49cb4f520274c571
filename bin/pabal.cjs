#!/usr/bin/env node
// The command of the npm package. It is written so that Node 12 can read it, too: an older Node gets
// one line that says what to do instead of a syntax error.
'use strict'

/* oxlint-disable eslint/no-var -- older Nodes than the program's read this file */
var least = 24
/** EX_CONFIG of sysexits(3): what is wrong is the machine's set-up, see src/lib/exit-codes.ts. */
var exitCode = 78
var version = process.versions.node

if (parseInt(version, 10) < least) {
  process.stderr.write(
    'pabal: needs Node.js ' +
      least +
      ' or newer, and this is ' +
      version +
      '; get a newer one from https://nodejs.org, or let npx bring one along: npx --package=node@' +
      least +
      ' --package=./pabal-' +
      require('../package.json').version +
      '.tgz pabal\n',
  )
  process.exit(exitCode)
}

if (!require('node:fs').existsSync(require('node:path').join(__dirname, '../dist/main.js'))) {
  process.stderr.write(
    'pabal: this is a clone, whose program is not compiled; there it is: npm start -- ' +
      process.argv.slice(2).join(' ') +
      '\n',
  )
  process.exit(exitCode)
}

void import('../dist/main.js')
