// Parameters are where RabbitMQ keeps operators' policies, limits of virtual hosts and what its plugins are
// told. Of those the first two are Pabal's, too.
import { fromPairs, ItemReader, MalformedError } from './item-reader.ts'
import { checkLimits, type ParseContext, vhostOf } from './parse-context.ts'
import { isQuotaParameter, readQuotaParameter } from './quota-parameter.ts'
import { isTopicParameter } from './topic-parameter.ts'

/** What somebody does who had one of these. */
const advice: ReadonlyMap<string, string> = new Map([
  ['shovel', 'Pabal runs no shovels: leave this one in a RabbitMQ that reaches both'],
  ['federation', 'Pabal does not federate'],
  ['federation-upstream', 'Pabal does not federate: a shovel of RabbitMQ can bring the messages'],
  ['federation-upstream-set', 'Pabal does not federate'],
])

export function parseParameter(item: ItemReader, context: ParseContext): void {
  const vhost = vhostOf(item, context)
  const component = item.text('component')
  const name = item.filled('name')
  // What it is for a component that is not read does not matter.
  item.has('value')
  const { definitions } = context
  if (component === 'operator_policy') {
    const { pattern, definition, priority, 'apply-to': applyTo } = item.object('value')
    const own = { vhost, name, isOperator: true, pattern, priority, applyTo }
    definitions.policies.push({ ...own, definition: fromPairs(definition) })
  } else if (component === 'vhost-limits') {
    const path = `${item.path}.value`
    const given = item.object('value')
    const limits = checkLimits({ path, of: 'vhost', name: vhost }, given, definitions.leftOut)
    definitions.limits.set(vhost, limits)
  } else {
    const reason = advice.get(component) ?? `nothing of Pabal reads parameters of '${component}'`
    definitions.leftOut.push({ kind: 'parameter', vhost, name: `${component}/${name}`, reason })
  }
}

export function parseGlobalParameter(item: ItemReader, { definitions, vhost }: ParseContext): void {
  const name = item.plain('name')
  if (typeof name === 'string' && isTopicParameter(name)) {
    const value = new ItemReader(`${item.path}.value`, item.object('value'))
    const row = { vhost: value.filled('vhost'), name: value.filled('name') }
    definitions.topics.push({
      ...row,
      vhost: vhost ?? row.vhost,
      configs: textsOf(value, 'configs'),
    })
    return
  }
  if (typeof name === 'string' && isQuotaParameter(name) && vhost === undefined) {
    const value = new ItemReader(`${item.path}.value`, item.object('value'))
    definitions.quotas.push(readQuotaParameter(value))
    return
  }
  const parameter = { name: item.filled('name'), value: item.plain('value') }
  const reason =
    vhost === undefined
      ? notCarried.get(parameter.name)
      : 'they are of no virtual host: import the file without one'
  if (reason === undefined) definitions.globalParameters.push(parameter)
  else definitions.leftOut.push({ kind: 'global parameter', name: parameter.name, reason })
}

/** What RabbitMQ keeps for itself, and writes into files all the same. */
const notCarried: ReadonlyMap<string, string> = new Map([
  ['internal_cluster_id', 'each cluster has its own'],
  ['imported_definition_hash_value', 'it is of the RabbitMQ that wrote the file'],
])

function textsOf(item: ItemReader, key: string): Record<string, string> {
  const texts = Object.entries(item.object(key))
  const [wrong] = texts.find(([, value]) => typeof value !== 'string') ?? []
  if (wrong === undefined) return Object.fromEntries(texts) as Record<string, string>
  throw new MalformedError(`${item.path}.${key}.${wrong} should be text`)
}
