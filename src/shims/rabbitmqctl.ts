#!/usr/bin/env node
import { runShim } from './run-shim.ts'
// `rabbitmqctl` and `rabbitmq-diagnostics` for images that stand in for RabbitMQ's: health checks and set-up
// scripts of compose files go on working. The commands are those of src/shims/commands.ts; they ask the
// broker of $PABAL_DATA over its local socket.
import { readShimArguments } from './shim-arguments.ts'

const data = process.env['PABAL_DATA'] ?? './data'
process.exitCode = await runShim(readShimArguments(process.argv.slice(2)), data, {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
})
