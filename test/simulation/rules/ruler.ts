// Sets and deletes policies while messages pass, as the program's command does through its local socket.
import { checkPolicy } from '../../../src/broker/policy/check-policy.ts'
import type { PolicyDefinition } from '../../../src/meta/topology-change.ts'
import type { AmqpLife } from '../amqp/amqp-protocol.ts'
import { drawPolicy } from './policy-choices.ts'
import type { PolicyOwner } from './policy-states.ts'
import { ruledPattern } from './rule-plan.ts'
import type { RuleWorld } from './rule-world.ts'

export const policyNames: Readonly<Record<PolicyOwner, string>> = {
  user: 'rules',
  operator: 'rules-of-operator',
}

export async function rule(life: AmqpLife, rules: RuleWorld): Promise<void> {
  const { draw, world } = life
  for (let left = draw.between(2, 10); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    const owner = draw.oneOf(['user', 'operator'] as const)
    const free = await world.locks.take(`policy of ${owner}`)
    const definition = draw.chance(0.25) ? undefined : drawPolicy(draw, owner === 'operator')
    await change(rules, owner, definition)
    free()
    await world.sleep(draw.time(1000))
  }
}

/** Resolves when the change is done, or the broker is gone that was to do it. */
async function change(
  { world, policies }: RuleWorld,
  owner: PolicyOwner,
  definition: PolicyDefinition | undefined,
): Promise<void> {
  const { machine, history } = world
  const { cell } = machine
  if (cell === undefined || machine.state !== 'running') return
  const { epoch } = history
  const { broker } = cell
  const keeper = broker.policiesOf(broker.getVHost('/'))
  history.onNote('ruler', `${owner} asks for ${JSON.stringify(definition)}`)
  const isOperator = owner === 'operator'
  const name = policyNames[owner]
  let done: Promise<void> | undefined
  if (definition === undefined) done = keeper.delete(isOperator, name)
  else {
    const asked = { vhost: '/', name, isOperator, pattern: ruledPattern, definition }
    const { policy, problems } = checkPolicy({ ...asked, applyTo: 'queues' })
    if (policy === undefined) throw new Error(problems.join())
    done = keeper.set(policy).done
  }
  if (done === undefined) {
    if (!policies.mayBe(owner, undefined)) throw history.fail(`the policy of ${owner} is lost`)
    policies.onDone(owner, undefined)
    return
  }
  policies.onAsked(owner, definition)
  let isDone = false
  void done.then(() => {
    if (history.epoch !== epoch) return
    isDone = true
    policies.onDone(owner, definition)
    history.onNote('ruler', `${owner} has ${JSON.stringify(definition)}`)
  })
  await world.until(() => isDone || machine.cell !== cell)
}
