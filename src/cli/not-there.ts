// What a command says when what it names is not there: with the name that was probably meant.
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'
import type { BrokerClient } from './broker-client.ts'

/** A kind of things that have names. */
export interface Kind {
  /** What one is called in a sentence. */
  readonly title: string
  /** Their list below `/api`, in which the virtual host follows. */
  readonly path: string
  /** The command that lists them. */
  readonly list: string
}

export const kinds: Readonly<Record<'user' | 'vhost' | 'queue' | 'exchange', Kind>> = {
  user: { title: 'user', path: 'users', list: 'user list' },
  vhost: { title: 'virtual host', path: 'vhosts', list: 'vhost list' },
  queue: { title: 'queue', path: 'queues', list: 'queue list' },
  exchange: { title: 'exchange', path: 'exchanges', list: 'exchange list' },
}

/** One of a kind; in a virtual host, where its kind is. */
export interface Named {
  readonly kind: Kind
  readonly name: string
  readonly vhost?: string | undefined
}

/** There is nothing of that name: says so, and what is there. Nearly any name is near to a letter or two. */
export async function notThere(broker: BrokerClient, what: Named): Promise<ExitError> {
  const { kind, name, vhost } = what
  if (vhost !== undefined && !(await isVHostThere(broker, vhost))) {
    return notThere(broker, { kind: kinds.vhost, name: vhost })
  }
  const closest = name.length < 3 ? undefined : findClosestName(name, await namesOf(broker, what))
  const advice =
    closest === undefined || closest === name
      ? `see ${broker.commandLine(kind.list)}`
      : `did you mean '${closest}'?`
  const where = vhost === undefined ? '' : ` in virtual host '${vhost}'`
  return new ExitError(exitCodes.noInput, `there is no ${kind.title} '${name}'${where}; ${advice}`)
}

/** Whether there is one of that name, as far as one may know. */
export async function isVHostThere(broker: BrokerClient, vhost: string): Promise<boolean> {
  try {
    return (await broker.ask('GET', ['vhosts', vhost])).status !== 404
  } catch (error) {
    // Who may not see virtual hosts may still ask for what is in one.
    if (error instanceof ExitError) return true
    throw error
  }
}

/** The first of many; none where they may not be seen. */
async function namesOf(broker: BrokerClient, { kind, vhost }: Named): Promise<string[]> {
  const path = [...kind.path.split('/'), ...(vhost === undefined ? [] : [vhost])]
  const page = { page: '1', page_size: `${programLimits.suggestedFromMax}`, columns: 'name' }
  try {
    const { body } = await broker.get(path, page)
    const items = Array.isArray(body) ? body : (body as { readonly items?: unknown })?.items
    if (!Array.isArray(items)) return []
    return (items as { readonly name?: unknown }[])
      .slice(0, programLimits.suggestedFromMax)
      .flatMap(({ name }) => (typeof name === 'string' ? [name] : []))
  } catch (error) {
    if (error instanceof ExitError) return []
    throw error
  }
}
