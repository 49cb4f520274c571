#!/usr/bin/env node
// The way in. How modules are found is settled first, so all else is imported after that: this is why
// it is a file of its own. What a broker needs is loaded for its start only.
import { resolveOwnModules } from './cli/resolve-own-modules.ts'

resolveOwnModules(new URL('.', import.meta.url))
const { readArguments } = await import('./cli/read-arguments.ts')
const { fail } = await import('./cli/end-program.ts')
try {
  const given = await readArguments(process.argv.slice(2))
  if (given.command === 'start') await (await import('./program.ts')).runBroker(given)
  else await (await import('./cli/run-command.ts')).runCommand(given)
} catch (error) {
  fail(error, '')
}
