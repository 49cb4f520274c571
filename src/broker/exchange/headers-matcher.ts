// Headers exchange: a binding's arguments are compared with the message's headers. `x-match` says
// whether all or any must be equal; `all` and `any` overlook arguments that start with `x-`,
// `all-with-x` and `any-with-x` do not. An argument without a value asks only for presence.
//
// Bindings are indexed by what a header must be: an `any` binding under each of its conditions, an
// `all` binding under its first only, whose hits are then checked in full. A message looks up its
// own headers, so bindings that share no header with it cost nothing.
import {
  type FieldTable,
  type FieldValue,
  textOf,
  typeNameOf,
} from '../../record/message/field-table.ts'
import { preconditionFailed } from '../broker-error.ts'
import { type Binding, type QueueLike, type Target } from './binding.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'
import { valueIdentity } from './value-identity.ts'

interface Rule<Q extends QueueLike> {
  readonly needsAll: boolean
  /** What must hold of the headers, each as an index key. */
  readonly conditions: readonly string[]
  readonly target: Target<Q>
}

export class HeadersMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage = true
  readonly #rules = new Map<Binding<Q>, Rule<Q>>()
  readonly #byCondition = new Map<string, Set<Rule<Q>>>()
  readonly #unconditional = new Set<Rule<Q>>()

  check({ arguments: args }: Binding<Q>): void {
    const match = args.get('x-match')
    if (!match) return
    const mode = textOf(match)
    if (mode === undefined) {
      throw preconditionFailed(
        `Invalid x-match field type ${typeNameOf(match)} (value ${valueIdentity(match)}); expected longstr`,
      )
    }
    if (!modes.has(mode)) {
      throw preconditionFailed(
        `Invalid x-match field value <<"${mode}">>; ` +
          'expected all, any, all-with-x, or any-with-x',
      )
    }
  }

  add(binding: Binding<Q>): void {
    const rule = ruleOf(binding)
    this.#rules.set(binding, rule)
    for (const condition of indexedConditions(rule)) {
      const rules = this.#byCondition.get(condition)
      if (rules) rules.add(rule)
      else this.#byCondition.set(condition, new Set([rule]))
    }
    if (rule.needsAll && rule.conditions.length === 0) this.#unconditional.add(rule)
  }

  remove(binding: Binding<Q>): void {
    const rule = this.#rules.get(binding)
    if (!rule) return
    this.#rules.delete(binding)
    this.#unconditional.delete(rule)
    for (const condition of indexedConditions(rule)) {
      const rules = this.#byCondition.get(condition)
      rules?.delete(rule)
      if (rules?.size === 0) this.#byCondition.delete(condition)
    }
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    let isMatched = this.#unconditional.size > 0
    for (const rule of this.#unconditional) matched.add(rule.target)
    if (this.#byCondition.size === 0) return isMatched
    const fulfilled = fulfilledConditions(message.headers)
    for (const condition of fulfilled) {
      for (const rule of this.#byCondition.get(condition) ?? []) {
        if (!holds(rule, fulfilled)) continue
        matched.add(rule.target)
        isMatched = true
      }
    }
    return isMatched
  }
}

const modes: ReadonlySet<string> = new Set(['all', 'any', 'all-with-x', 'any-with-x'])

function ruleOf<Q extends QueueLike>(binding: Binding<Q>): Rule<Q> {
  const mode = binding.arguments.findText('x-match') ?? 'all'
  const ignored = mode.endsWith('-with-x') ? 'x-match' : 'x-'
  const conditions: string[] = []
  for (const { name, value } of binding.arguments.entries) {
    if (name !== 'x-match' && !name.startsWith(ignored)) conditions.push(conditionOf(name, value))
  }
  return { needsAll: !mode.startsWith('any'), conditions, target: binding.target }
}

function indexedConditions<Q extends QueueLike>(rule: Rule<Q>): readonly string[] {
  return rule.needsAll ? rule.conditions.slice(0, 1) : rule.conditions
}

function holds<Q extends QueueLike>(rule: Rule<Q>, fulfilled: ReadonlySet<string>): boolean {
  return !rule.needsAll || rule.conditions.every((condition) => fulfilled.has(condition))
}

function fulfilledConditions(headers: FieldTable | undefined): ReadonlySet<string> {
  const fulfilled = new Set<string>()
  if (!headers) return fulfilled
  for (const { name, value } of headers.entries) {
    fulfilled.add(presenceOf(name))
    if (value.type !== 'void') fulfilled.add(conditionOf(name, value))
  }
  return fulfilled
}

function conditionOf(name: string, argument: FieldValue): string {
  if (argument.type === 'void') return presenceOf(name)
  return `${name}\n${valueIdentity(argument)}`
}

function presenceOf(name: string): string {
  return `${name}\n`
}
