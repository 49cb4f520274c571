// Calls of operations as their examples have them, and with a part of it changed.
import type { DescribedOperation } from './api-document.ts'
import type { ApiCall, ApiUser } from './api-under-test.ts'
import type { Example } from './example.ts'

export interface Changed {
  readonly as?: ApiUser | undefined
  /** In place of those of the example; as they are sent. */
  readonly segments?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export function callOf(
  { method, path, pathNames }: DescribedOperation,
  example: Example,
  changed: Changed,
): ApiCall {
  const { names = {}, headers } = example
  const segments = changed.segments ?? {}
  const filled = path.replaceAll(
    /\{([^}]+)\}/g,
    (_, name: string) => segments[name] ?? encodeURIComponent(nameIn(names, name)),
  )
  if (pathNames.length === 0 && filled !== path)
    throw new Error(`${path} names what is no parameter`)
  const query = new URLSearchParams({ ...example.query, ...changed.query }).toString()
  const body = 'body' in changed ? changed.body : example.body
  return {
    method,
    path: query === '' ? filled : `${filled}?${query}`,
    as: changed.as,
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
  }
}

/** The virtual host `/` goes without saying. */
function nameIn(names: Readonly<Record<string, string>>, name: string): string {
  const value = names[name] ?? (name === 'vhost' ? '/' : undefined)
  if (value === undefined) throw new Error(`the example has no name for {${name}}`)
  return value
}

/** Whom `access` lets through with the fewest rights. */
export function leastUserFor(access: string): ApiUser | undefined {
  switch (access) {
    case 'open':
      return undefined
    case 'login':
      return 'plain'
    case 'policymaker':
      return 'policymaker'
    case 'monitoring':
      return 'monitoring'
    case 'administrator':
      return 'own'
    default:
      return 'management'
  }
}

/** Whom `access` refuses, and how. */
export function refusedUsersFor({
  access,
  pathNames,
}: DescribedOperation): readonly (readonly [user: ApiUser, status: number])[] {
  const isInVHost = pathNames.includes('vhost')
  switch (access) {
    case 'open':
    case 'login':
      return []
    case 'management':
      return [['plain', 401]]
    case 'vhost':
      return [
        ['plain', 401],
        ...(isInVHost
          ? ([
              ['management-outside', 404],
              ['monitoring-outside', 404],
            ] as const)
          : []),
      ]
    case 'vhost-visible':
      return [['plain', 401], ...(isInVHost ? ([['management-outside', 404]] as const) : [])]
    case 'policymaker':
      return [
        ['plain', 401],
        ['management', 401],
        ['monitoring', 401],
        ...(isInVHost ? ([['policymaker-outside', 404]] as const) : []),
      ]
    case 'monitoring':
      return [
        ['plain', 401],
        ['management', 401],
        ['policymaker', 401],
      ]
    default:
      return [
        ['plain', 401],
        ['management', 401],
        ['policymaker', 401],
        ['monitoring', 401],
      ]
  }
}
