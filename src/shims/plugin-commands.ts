// `rabbitmq-plugins`: there are none. What Pabal does of their work it does always, and asking for that is
// fine before it runs, too; asking for what is not there fails, unless nothing could depend on it.
import { exitCodes } from '../lib/exit-codes.ts'
import { rabbitPlugins } from '../lib/rabbit-plugins.ts'
import { version } from '../lib/version.ts'
import type { ShimArguments } from './shim-arguments.ts'
import { command, type ShimCommands, type ShimResult } from './shim-command.ts'
import { ShimError } from './shim-error.ts'

/** They show something, or find nodes: without them clients have all that they had. */
const harmless: ReadonlySet<string> = new Set([
  'rabbitmq_event_exchange',
  'rabbitmq_peer_discovery_aws',
  'rabbitmq_peer_discovery_common',
  'rabbitmq_peer_discovery_consul',
  'rabbitmq_peer_discovery_etcd',
  'rabbitmq_peer_discovery_k8s',
  'rabbitmq_top',
  'rabbitmq_tracing',
  'rabbitmq_web_dispatch',
])

const instead: Readonly<Record<string, string>> = {
  rabbitmq_stream: "streams are read over AMQP 0-9-1 and Kafka's protocol",
  rabbitmq_shovel: 'pabal move copies from other brokers',
}

const isThere = (name: string): boolean => rabbitPlugins.includes(name)

function enable(names: readonly string[]): Promise<ShimResult> {
  const missing = names.filter((name) => !isThere(name) && !harmless.has(name))
  if (missing.length > 0) {
    const advice = missing.map((name) => {
      const known = instead[name]
      return known === undefined ? name : `${name} (${known})`
    })
    throw new ShimError(
      exitCodes.software,
      `{:plugins_not_found, [${missing.map((name) => `:${name}`).join(', ')}]}\n` +
        `Pabal has no plugins, and nothing in their place: ${advice.join(', ')}`,
    )
  }
  const lines = names.map((name) =>
    isThere(name) ? `  ${name} is always on` : `  ${name} is left out: nothing depends on it`,
  )
  return Promise.resolve(lines.join('\n'))
}

/** What `[pattern]` and the flags of `list` pick. */
function listed({ operands: [pattern = '.*'] }: ShimArguments): readonly string[] {
  try {
    const expression = new RegExp(pattern)
    return rabbitPlugins.filter((name) => expression.test(name))
  } catch {
    throw new ShimError(exitCodes.usage, `'${pattern}' is no regular expression`)
  }
}

function list(asked: ShimArguments): Promise<ShimResult> {
  const names = listed(asked)
  const width = names.reduce((most, name) => Math.max(most, name.length), 0)
  const plugins = names.map((name) => ({ name, version, enabled: 'enabled', running: true }))
  const head = [
    ' Configured: E = explicitly enabled; e = implicitly enabled',
    ' | Status: * = running on this node',
    ' |/',
  ]
  const text = asked.options.has('--minimal')
    ? names
    : [...head, ...names.map((name) => `[E*] ${name.padEnd(width)} ${version}`)]
  return Promise.resolve({ document: { plugins }, text: text.join('\n') })
}

export const pluginCommands: ShimCommands = {
  list: command({
    usage: '[pattern]',
    options: ['--enabled', '--implicitly-enabled', '--minimal', '--verbose'],
    banner: ({ operands: [pattern = '.*'] }) => `Listing plugins with pattern "${pattern}" ...`,
    run: (_broker, asked) => list(asked),
  }),
  is_enabled: command({
    usage: '<plugin> [others…]',
    options: ['--online', '--offline'],
    banner: ({ operands: [name] }) => `Asking this node if plugin ${name} is enabled...`,
    run(_broker, { operands }) {
      const missing = operands.filter((name) => !isThere(name))
      if (missing.length === 0) {
        const named = operands.map((name) => `Plugin ${name} is enabled on this node`)
        return Promise.resolve(named.join('\n'))
      }
      throw new ShimError(
        exitCodes.unavailable,
        `Plugin ${missing.join(', ')} is not enabled on this node. Enabled plugins and dependencies: ${rabbitPlugins.join(', ')}`,
      )
    },
  }),
  enable: command({
    usage: '<plugin> [others…]',
    options: ['--online', '--offline', '--all'],
    banner: ({ operands }) => `Enabling plugins on this node:\n${operands.join('\n')}`,
    run: (_broker, { operands }) => enable(operands),
  }),
  set: command({
    usage: '<plugin> [others…]',
    options: ['--online', '--offline'],
    banner: ({ operands }) => `Enabling plugins on this node:\n${operands.join('\n')}`,
    run: (_broker, { operands }) => enable(operands),
  }),
  disable: command({
    usage: '<plugin> [others…]',
    options: ['--online', '--offline', '--all'],
    banner: ({ operands }) => `Disabling plugins on this node:\n${operands.join('\n')}`,
    run(_broker, { operands }) {
      const present = operands.filter(isThere)
      if (present.length === 0) return Promise.resolve('Plugin configuration unchanged.')
      const problem = `${present.join(', ')}: Pabal has no plugins, this is always on`
      throw new ShimError(exitCodes.unavailable, problem)
    },
  }),
  version: command({ run: () => Promise.resolve(version) }),
}
