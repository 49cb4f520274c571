// Policies, parameters and definitions.
import { readFile, writeFile } from 'node:fs/promises'
import {
  change,
  checkVHost,
  command,
  noParameter,
  noVHost,
  readJson,
  refuse,
  rowsOf,
  type ShimCommands,
} from './shim-command.ts'
import { argumentError, ShimError, shimExitCodes } from './shim-error.ts'

const columns = ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority']

interface PolicyWords {
  readonly path: string
  readonly key: string
  readonly set: string
  readonly clear: string
  readonly list: string
}

function policiesOf({ path, key, set, clear, list }: PolicyWords): ShimCommands {
  return {
    [`set_${key}`]: command({
      usage: '<name> <pattern> <definition>',
      options: ['--priority', '--apply-to'],
      banner: ({ operands: [name, pattern, definition], options, vhost }) =>
        `Setting ${set} "${name}" for pattern "${pattern}" to "${definition}" with priority "${options.get('--priority') ?? 0}" for vhost "${vhost}" ...`,
      async run(broker, { vhost, options, operands: [name = '', pattern, definition = ''] }) {
        await checkVHost(broker, vhost)
        const body = {
          pattern,
          definition: readJson(definition),
          priority: Number(options.get('--priority') ?? 0),
          'apply-to': options.get('--apply-to') ?? 'all',
        }
        return change(broker, ['PUT', [path, vhost, name], body], noVHost(vhost))
      },
    }),
    [`clear_${key}`]: command({
      usage: '<name>',
      banner: ({ operands: [name], vhost }) =>
        `Clearing ${clear} "${name}" on vhost "${vhost}" ...`,
      run: (broker, { vhost, operands: [name = ''] }) =>
        change(broker, ['DELETE', [path, vhost, name]], noParameter),
    }),
    [list]: command({
      banner: ({ vhost }) =>
        `Listing ${set === 'policy' ? 'policies' : 'operator policy overrides'} for vhost "${vhost}" ...`,
      run: async (broker, { vhost }) => ({
        columns,
        rows: await rowsOf(broker, [path, vhost], noVHost(vhost)),
      }),
    }),
  }
}

const definitionsPath = ['definitions']

export const policyCommands: ShimCommands = {
  ...policiesOf({
    path: 'policies',
    key: 'policy',
    set: 'policy',
    clear: 'policy',
    list: 'list_policies',
  }),
  ...policiesOf({
    path: 'operator-policies',
    key: 'operator_policy',
    set: 'operator policy override',
    clear: 'operator policy',
    list: 'list_operator_policies',
  }),
  set_parameter: command({
    usage: '<component> <name> <value>',
    banner: ({ operands: [component, name, value], vhost }) =>
      `Setting runtime parameter "${name}" for component "${component}" to "${value}" in vhost "${vhost}" ...`,
    async run(broker, { vhost, operands: [component = '', name = '', value = ''] }) {
      await checkVHost(broker, vhost)
      const body = { component, vhost, name, value: readJson(value) }
      return change(broker, ['PUT', ['parameters', component, vhost, name], body], noParameter)
    },
  }),
  clear_parameter: command({
    usage: '<component> <name>',
    banner: ({ operands: [component, name], vhost }) =>
      `Clearing runtime parameter "${name}" for component "${component}" on vhost "${vhost}" ...`,
    run: (broker, { vhost, operands: [component = '', name = ''] }) =>
      change(broker, ['DELETE', ['parameters', component, vhost, name]], noParameter),
  }),
  list_parameters: command({
    banner: ({ vhost }) => `Listing runtime parameters for vhost "${vhost}" ...`,
    async run(broker, { vhost }) {
      await checkVHost(broker, vhost)
      const rows = await rowsOf(broker, ['parameters'])
      return {
        columns: ['component', 'name', 'value'],
        rows: rows.filter((row) => row['vhost'] === vhost),
      }
    },
  }),
  set_global_parameter: command({
    usage: '<name> <value>',
    banner: ({ operands: [name, value] }) =>
      `Setting global runtime parameter "${name}" to "${value}" ...`,
    run: (broker, { operands: [name = '', value = ''] }) => {
      const body = { name, value: readJson(value) }
      return change(broker, ['PUT', ['global-parameters', name], body], noParameter)
    },
  }),
  clear_global_parameter: command({
    usage: '<name>',
    banner: ({ operands: [name] }) => `Clearing global runtime parameter "${name}" ...`,
    run: (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['global-parameters', name]], noParameter),
  }),
  list_global_parameters: command({
    banner: () => 'Listing global runtime parameters ...',
    run: async (broker) => ({
      columns: ['name', 'value'],
      rows: (await rowsOf(broker, ['global-parameters'])).map(({ name, value }) => ({
        name,
        value: JSON.stringify(value),
      })),
    }),
  }),
  export_definitions: command({
    usage: '<file>',
    banner: ({ operands: [file] }) =>
      file === '-' ? '' : `Exporting definitions in JSON to a file at "${file}" ...`,
    async run(broker, { operands: [file = ''] }) {
      const { status, text } = await broker.transfer('GET', definitionsPath, {})
      refuse({ status, body: undefined }, noParameter)
      if (file === '-') return text.trimEnd()
      await writeFile(file, text, { mode: 0o600 }).catch((error: unknown) => {
        throw new ShimError(shimExitCodes.dataError, (error as Error).message)
      })
      return undefined
    },
  }),
  import_definitions: command({
    usage: '[file]',
    banner: ({ operands: [file = '-'] }) =>
      file === '-'
        ? 'Importing definitions in JSON from standard input ...'
        : `Importing definitions in JSON from a file at "${file}" ...`,
    async run(broker, { operands: [file = '-'] }, input) {
      const content = file === '-' ? await input() : await read(file)
      const { status, text } = await broker.transfer('POST', definitionsPath, { content })
      refuse({ status, body: status < 400 ? undefined : JSON.parse(text) }, noParameter)
      return 'Definitions are imported'
    },
  }),
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    const problem = `Bad argument: File ${file} does not exist`
    throw new ShimError(shimExitCodes.dataError, problem, argumentError)
  }
}
