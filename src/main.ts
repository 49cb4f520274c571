#!/usr/bin/env node
// The way in. How modules are found is settled first, so the program itself is imported after that:
// this is why it is a file of its own.
import { resolveOwnModules } from './cli/resolve-own-modules.ts'

resolveOwnModules(new URL('.', import.meta.url))
const { runProgram } = await import('./program.ts')
await runProgram(process.argv.slice(2))
