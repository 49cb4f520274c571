// IncrementalAlterConfigs (KIP-339, key 44) and AlterConfigs (key 33).
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import { itemsOf } from '../../broker/setting-value.ts'
import type { Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { Ticket } from '../../log/ticket.ts'
import { type ConfigKind, type ConfigResource, resourceType } from './config-kind.ts'
import { configKinds } from './config-kinds.ts'
import { answerTo, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { permitConfig, permitTargets } from './permit-config.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { untilCaughtUp, untilDurable } from './until-durable.ts'

const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

interface ConfigChange {
  readonly name: string
  readonly value: string | null
  readonly configOperation: number
}

interface Alteration extends ConfigResource {
  readonly configs: readonly ConfigChange[]
}

/** What came of one resource. */
type Altered = ConfigResource & ErrorAnswer

interface Manner {
  readonly isDryRun: boolean
  /** The changes are all that shall be set: the old way. */
  readonly isReplacing: boolean
}

export const handleIncrementalAlterConfigs: Handler<'incrementalAlterConfigs'> = async (
  { resources, validateOnly: isDryRun },
  context,
) => {
  const steps = alterAll(resources, { isDryRun, isReplacing: false }, context)
  return { throttleTimeMs: 0, responses: await context.slices.run(steps) }
}

export const handleAlterConfigs: Handler<'alterConfigs'> = async (
  { resources, validateOnly: isDryRun },
  context,
) => {
  const alterations = resources.map(({ configs, ...resource }) => ({
    ...resource,
    configs: configs.map((config) => ({ ...config, configOperation: operation.set })),
  }))
  const steps = alterAll(alterations, { isDryRun, isReplacing: true }, context)
  return { throttleTimeMs: 0, responses: await context.slices.run(steps) }
}

function* alterAll(
  alterations: readonly Alteration[],
  manner: Manner,
  context: RequestContext,
): Steps<Altered[]> {
  const kinds = configKinds(context)
  const counts = new Map<string, number>()
  for (const resource of alterations) {
    const key = keyOf(resource)
    counts.set(key, (counts.get(key) ?? 0) + 1)
    yield
  }
  const tickets = new Set<Ticket | undefined>()
  const responses: Altered[] = []
  for (const alteration of alterations) {
    const { resourceType: type, resourceName } = alteration
    yield* untilCaughtUp(context)
    let answer: ErrorAnswer = { errorCode: noError, errorMessage: null }
    try {
      if (counts.get(keyOf(alteration)) !== 1) {
        throw invalidRequest('Each resource must appear at most once.')
      }
      permitConfig(context.access, 'alter-configs', alteration)
      permitTargets(context.access, alteration, alteration.configs)
      const ticket = alter(alteration, manner, kinds)
      if (ticket !== undefined) tickets.add(ticket)
    } catch (error) {
      answer = answerTo(error)
    }
    responses.push({ resourceType: type, resourceName, ...answer })
    yield
  }
  yield* untilDurable(tickets)
  return responses
}

function keyOf({ resourceType: type, resourceName }: ConfigResource): string {
  return `${type} ${resourceName}`
}

/** Nothing to wait for in a dry run. */
function alter(
  { resourceType: type, resourceName: name, configs }: Alteration,
  { isDryRun, isReplacing }: Manner,
  kinds: ReadonlyMap<number, ConfigKind>,
): Ticket | undefined {
  checkChanges(configs)
  const kind = kinds.get(type)
  if (type === resourceType.brokerLogger && !isReplacing) {
    throw invalidRequest('Log levels cannot be changed while the broker runs.')
  }
  if (kind === undefined) throw invalidRequest(`Unknown resource type ${type}`)
  const before = kind.read(name)
  const values = kind.check(name, applyChanges(isReplacing ? {} : before, configs, kind))
  return isDryRun ? undefined : kind.write(name, values)
}

function checkChanges(changes: readonly ConfigChange[]): void {
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    throw invalidRequest('Error due to duplicate config keys')
  }
  const nulls = changes
    .filter(({ value, configOperation }) => value === null && configOperation !== operation.delete)
    .map(({ name }) => name)
  if (nulls.length > 0) {
    throw invalidRequest(`Null value not supported for : ${nulls.join(', ')}`)
  }
}

function applyChanges(
  before: SettingValues,
  changes: readonly ConfigChange[],
  kind: ConfigKind,
): SettingValues {
  const values = new Map(Object.entries(before))
  for (const change of changes) {
    const value = valueAfter(change, values.get(change.name), kind)
    if (value === undefined) values.delete(change.name)
    else values.set(change.name, value)
    if (value === undefined || value.length <= kafkaLimits.configValueSizeMax) continue
    throw new KafkaRefusal(
      'INVALID_CONFIG',
      `The configuration value cannot be added because it exceeds the maximum value size of ${kafkaLimits.configValueSizeMax} bytes.`,
    )
  }
  return Object.fromEntries(values)
}

function valueAfter(
  { name, value, configOperation }: ConfigChange,
  current: string | undefined,
  kind: ConfigKind,
): string | undefined {
  if (configOperation === operation.delete || value === null) return undefined
  if (configOperation === operation.set) return value
  if (configOperation !== operation.append && configOperation !== operation.subtract) {
    throw invalidRequest(`Unknown operation ${configOperation} on ${name}`)
  }
  const isAppend = configOperation === operation.append
  const fallback = kind.listDefault(name)
  if (fallback === undefined) {
    const text = `Can't ${isAppend ? 'APPEND to' : 'SUBTRACT from'} key ${name} because its type is not LIST.`
    throw new KafkaRefusal('INVALID_CONFIG', text)
  }
  const items = itemsOf(current ?? fallback)
  const given = itemsOf(value)
  const rest = items.filter((item) => !given.includes(item))
  // What is there already stays where it is.
  return isAppend ? [...new Set([...items, ...given])].join() : rest.join()
}
