#!/usr/bin/env node
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
// `rabbitmqctl`, `rabbitmq-diagnostics` and `rabbitmq-plugins` for images that stand in for RabbitMQ's: health
// checks and set-up scripts of compose files go on working. The first argument is the name that it was called
// by; the commands are those of src/shims/commands.ts, which ask the broker of $PABAL_DATA over its local socket.
import { runShim } from './run-shim.ts'

const [calledAs = '', ...argv] = process.argv.slice(2)
const name = basename(calledAs)
const dataFolder = process.env['PABAL_DATA'] ?? './data'
const program =
  name === 'rabbitmq-plugins' || name === 'rabbitmq-diagnostics' ? name : 'rabbitmqctl'
process.exitCode = await runShim(
  { program, argv, dataFolder, input: () => text(process.stdin) },
  {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  },
)
