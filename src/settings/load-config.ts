// Puts the sources of settings together: flags > environment > pabal.yaml > defaults. Every name and
// value is checked; the first problem ends the start with one line that names where it stands.
import path from 'node:path'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { ExitCode } from '../lib/exit-error.ts'
import { isLoopback } from '../lib/loopback.ts'
import { isForeignValue, isForeignVariable } from './foreign-variable.ts'
import { parseSettings } from './parse-settings.ts'
import { readConfigFile, readPasswordFile } from './settings-file.ts'
import { settingKeys, settingName, settings, variableName } from './settings.ts'
import type { BrokerOptions, SettingKey, Settings } from './settings.ts'

/** What settings are taken from. */
export interface ConfigSources {
  /** Key → text, as given on the command line. */
  readonly flags: ReadonlyMap<SettingKey, string>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** File named with --config; else PABAL_CONFIG, else `pabal.yaml` when it is there. */
  readonly configFile: string | undefined
}

/** A complete configuration. */
export interface LoadedConfig {
  readonly options: BrokerOptions
  /** Settings that somebody gave; the others are defaults. */
  readonly given: ReadonlySet<SettingKey>
  /** Where each of them is from: the flag, the variable or the file. */
  readonly origins: ReadonlyMap<SettingKey, string>
  /** What is ignored and was probably meant, a line each. */
  readonly warnings: readonly string[]
}

/** One value on its way in, with what to say when it is wrong. */
interface Given {
  readonly value: unknown
  readonly origin: string
  readonly where: string
  readonly exitCode: ExitCode
}

const configFileVariable = 'PABAL_CONFIG'

/** Says so and names the closest of those that are known. */
function unknownName(name: string, known: readonly string[]): string {
  const closest = findClosestName(name, known)
  const advice =
    closest === undefined ? 'see pabal start --help for all names' : `did you mean ${closest}?`
  return `unknown setting ${name}; ${advice}`
}

function fromFile(path: string, values: ReadonlyMap<string, unknown>): Map<SettingKey, Given> {
  const keys = new Map(settingKeys.map((key) => [settingName(key), key]))
  const given = new Map<SettingKey, Given>()
  for (const [name, value] of values) {
    const key = keys.get(name)
    if (key === undefined) {
      throw new ExitError(exitCodes.config, `${path}: ${unknownName(name, [...keys.keys()])}`)
    }
    const where = `${path}: ${name}: ${JSON.stringify(value)}`
    if (value !== null) given.set(key, { value, origin: path, where, exitCode: exitCodes.config })
  }
  return given
}

/** What is no setting is ignored: others write variables with this prefix, too. */
function fromEnvironment(
  environment: ConfigSources['environment'],
  warnings: string[],
): Map<SettingKey, Given> {
  const keys = new Map(settingKeys.map((key) => [variableName(key), key]))
  const given = new Map<SettingKey, Given>()
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable is an unset one, as compose files and shells write it.
    if (!name.startsWith('PABAL_') || name === configFileVariable || !value) continue
    const key = keys.get(name)
    if (key === undefined) {
      if (isForeignVariable(name, value)) continue
      warnings.push(`environment: ${unknownName(name, [...keys.keys(), configFileVariable])}`)
    } else if (!isForeignValue(name, value)) {
      given.set(key, { value, origin: name, where: `${name}=${value}`, exitCode: exitCodes.config })
    }
  }
  return given
}

/** The folder that systemd makes for a service, unless another is named (systemd.exec(5)). */
function fromStateDirectory(environment: ConfigSources['environment']): [SettingKey, Given][] {
  const [value] = environment['STATE_DIRECTORY']?.split(':') ?? []
  if (!value) return []
  const origin = 'STATE_DIRECTORY'
  const where = `${origin}=${value}`
  return [['data', { value, origin, where, exitCode: exitCodes.config }]]
}

function fromFlags(flags: ConfigSources['flags']): Map<SettingKey, Given> {
  return new Map(
    Array.from(flags, ([key, value]) => {
      const origin = `--${settingName(key)}`
      return [key, { value, origin, where: `${origin} ${value}`, exitCode: exitCodes.usage }]
    }),
  )
}

type GivenValues = ReadonlyMap<SettingKey, Given>

function checkValues(given: GivenValues): Settings {
  const values = Object.fromEntries(Array.from(given, ([key, { value }]) => [key, value]))
  const parsed = parseSettings(values)
  const [problem] = parsed.problems
  if (parsed.settings !== undefined) return parsed.settings
  const origin = given.get(problem?.key as SettingKey)
  throw new ExitError(
    origin?.exitCode ?? exitCodes.config,
    `${origin?.where ?? problem?.key}: ${problem?.message}`,
  )
}

/** Values of settings that ask for nothing. */
const inertValues: ReadonlySet<unknown> = new Set(['off', 'none', false])

function checkTls(checked: Settings, given: ReadonlySet<SettingKey>): void {
  const { tlsCert, tlsKey } = checked
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ExitError(
      exitCodes.config,
      'tls-cert and tls-key belong together: give --tls-cert FILE --tls-key FILE',
    )
  }
  if (tlsCert !== undefined) return
  const idle = settingKeys.find(
    (key) => settings[key].needs !== undefined && given.has(key) && !inertValues.has(checked[key]),
  )
  if (idle === undefined) return
  throw new ExitError(
    exitCodes.config,
    `${settingName(idle)} needs a certificate: add --tls-cert FILE --tls-key FILE`,
  )
}

/** A cluster keeps commits in one place and bulk in the other: neither is of use alone. */
function checkCluster({ cluster, objects, nodeName, clusterCells }: Settings): void {
  const problem =
    cluster === undefined
      ? [objects, nodeName, clusterCells].some((each) => each !== undefined)
        ? 'objects, node-name and cluster-cells are of a cluster: add --cluster postgres://…'
        : undefined
      : objects === undefined
        ? 'a cluster needs a place for its files: add --objects s3://…'
        : undefined
  if (problem !== undefined) throw new ExitError(exitCodes.config, problem)
}

/** How tokens are read matters only where there is somebody whose tokens are taken. */
function checkTokens(checked: Settings, given: ReadonlySet<SettingKey>): void {
  if (checked.oauthIssuer !== undefined || checked.oauthJwks !== undefined) return
  const idle = settingKeys.find((key) => key.startsWith('oauth') && given.has(key))
  if (idle === undefined) return
  throw new ExitError(
    exitCodes.config,
    `${settingName(idle)} needs an issuer: add --oauth-issuer URL or --oauth-jwks URL-OR-FILE`,
  )
}

/** Each may not be more than the next. */
const ascending = [
  ['kafkaGroupConsumerMinSessionTimeoutMs', 'kafkaGroupConsumerSessionTimeoutMs'],
  ['kafkaGroupConsumerSessionTimeoutMs', 'kafkaGroupConsumerMaxSessionTimeoutMs'],
  ['kafkaGroupConsumerMinHeartbeatIntervalMs', 'kafkaGroupConsumerHeartbeatIntervalMs'],
  ['kafkaGroupConsumerHeartbeatIntervalMs', 'kafkaGroupConsumerMaxHeartbeatIntervalMs'],
  ['kafkaGroupConsumerHeartbeatIntervalMs', 'kafkaGroupConsumerSessionTimeoutMs'],
] as const

function checkOrders(checked: Settings): void {
  for (const [small, large] of ascending) {
    if (checked[small] <= checked[large]) continue
    throw new ExitError(
      exitCodes.config,
      `${settingName(small)} ${checked[small]} is more than ${settingName(large)} ${checked[large]}`,
    )
  }
}

/** Rules between settings. */
function checkTogether(checked: Settings, given: ReadonlySet<SettingKey>): void {
  const { host, user, passwordFile } = checked
  checkTls(checked, given)
  checkTokens(checked, given)
  checkCluster(checked)
  const { kafkaGroupMinSessionTimeoutMs: least, kafkaGroupMaxSessionTimeoutMs: most } = checked
  if (least > most) {
    throw new ExitError(
      exitCodes.config,
      `kafka-group-min-session-timeout-ms ${least} is more than kafka-group-max-session-timeout-ms ${most}`,
    )
  }
  checkOrders(checked)
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new ExitError(
      exitCodes.config,
      'user and password-file belong together: give --user NAME --password-file FILE',
    )
  }
  if (user === undefined && !isLoopback(host)) {
    throw new ExitError(
      exitCodes.config,
      `host ${host} can be reached from other machines, so the broker needs a user of its own: ` +
        'add --user NAME --password-file FILE, or listen on localhost',
    )
  }
}

async function readSources(sources: ConfigSources, warnings: string[]): Promise<GivenValues> {
  const named = sources.configFile ?? (sources.environment[configFileVariable] || undefined)
  const file = await readConfigFile(named)
  return new Map([
    ...fromStateDirectory(sources.environment),
    ...(file === undefined ? [] : fromFile(file.path, file.values)),
    ...fromEnvironment(sources.environment, warnings),
    ...fromFlags(sources.flags),
  ])
}

/**
 * Only where the data is, in full: a command for a broker needs nothing else to be right. Throws an
 * `ExitError` when a source cannot be read.
 */
export async function findDataFolder(sources: ConfigSources): Promise<string> {
  const given = (await readSources(sources, [])).get('data')
  const { data } = checkValues(new Map(given === undefined ? [] : [['data', given]]))
  return path.resolve(data)
}

/** Reads all sources and checks them. Throws an `ExitError` at the first problem. */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const warnings: string[] = []
  const given = await readSources(sources, warnings)
  const checked = checkValues(given)
  const givenKeys = new Set(given.keys())
  checkTogether(checked, givenKeys)
  const { passwordFile } = checked
  const password = passwordFile === undefined ? undefined : await readPasswordFile(passwordFile)
  return {
    options: { ...checked, password },
    given: givenKeys,
    origins: new Map(Array.from(given, ([key, { origin }]) => [key, origin])),
    warnings,
  }
}

/** Refuses TLS that is configured by half. */
function checkTlsFiles({ tlsCert, tlsKey, tlsClientCa }: Settings): void {
  const isWhole = (tlsCert === undefined) === (tlsKey === undefined)
  if (!isWhole || (tlsClientCa !== undefined && tlsCert === undefined)) {
    throw new TypeError('startBroker: tlsCert and tlsKey belong together, and to tlsClientCa')
  }
}

/** Fills in what an embedding program left out, with the same checks and defaults. */
export function completeOptions(partial: Partial<BrokerOptions>): BrokerOptions {
  const { password, ...values } = partial
  const parsed = parseSettings(values)
  if (parsed.settings !== undefined) {
    checkTlsFiles(parsed.settings)
    return { ...parsed.settings, password }
  }
  const [problem] = parsed.problems
  const name = problem?.key ?? ''
  if (name in settings) throw new TypeError(`startBroker: ${name} ${problem?.message}`)
  throw new TypeError(`startBroker: ${problem?.message}`)
}
