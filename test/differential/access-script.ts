// What a script with users and rights has beside the others: users, tags, patterns, topic permissions,
// virtual hosts and limits that come, change and go while connections are open.
import type { Script, WeightedDraws } from './draw-script.ts'
import type { Operation } from './operation.ts'

const password = 'pw'

const tags = ['', '', 'impersonator', 'administrator', 'management,policymaker']

/** Two users who may do all in both places, and the first of them is there. */
export function accessPrologue(script: Script): readonly Operation[] {
  const users = [0, 1].map((n) => `${script.prefix}.u${n}`)
  return [
    putVHost(script),
    ...users.map((user) => putUser(user, script.oneOf(tags))),
    ...users.flatMap((user) =>
      [script.home, script.ownVHost].map((vhost) => permitAll(user, vhost)),
    ),
    {
      kind: 'login',
      user: users[0] as string,
      password,
      vhost: script.oneOf([script.home, script.ownVHost]),
    },
  ]
}

export const accessDraws: WeightedDraws = [
  [9, drawPermission],
  [6, (script) => permitAll(script.user(), script.vhost())],
  [2, (script) => remove(`/api/permissions/${placeOf(script)}`)],
  [5, drawTopicPermission],
  [2, drawTopicClearing],
  [6, drawLogin],
  [2, (script) => putUser(script.user(), script.oneOf(tags))],
  [1, drawUserDeletion],
  [3, (script) => putVHost(script)],
  [
    1,
    ({ ownVHost }) => ({ ...remove(`/api/vhosts/${encode(ownVHost)}`), ends: { vhost: ownVHost } }),
  ],
  [3, drawUserLimit],
  [2, drawVHostLimit],
  [3, (script) => ({ kind: 'openSpare', ...loginOf(script) })],
  [1, () => ({ kind: 'closeSpares' })],
  [2, (script) => ({ kind: 'openChannels', count: 1 + script.random.below(3) })],
]

type Administer = Operation & { readonly kind: 'administer' }

function put(path: string, body: Administer['body'] & object): Administer {
  return { kind: 'administer', method: 'PUT', path, body }
}

function remove(path: string): Administer {
  return { kind: 'administer', method: 'DELETE', path }
}

function putVHost({ ownVHost }: Script): Operation {
  return put(`/api/vhosts/${encode(ownVHost)}`, {})
}

function putUser(user: string, tagList: string): Operation {
  return put(`/api/users/${encode(user)}`, { password, tags: tagList })
}

function drawUserDeletion(script: Script): Operation {
  const user = script.user()
  // Wrong logins are slow.
  script.soon.push(putUser(user, ''), permitAll(user, script.home))
  return { ...remove(`/api/users/${encode(user)}`), ends: { user } }
}

function permitAll(user: string, vhost: string): Operation {
  const patterns = { configure: '.*', write: '.*', read: '.*' }
  return put(`/api/permissions/${encode(vhost)}/${encode(user)}`, patterns)
}

/** Those that a name begins with, ends with or has in it; all, none, and what is no pattern. */
function patternOf(script: Script): string {
  const some = [
    '.*',
    '',
    '^$',
    '^amq\\.',
    'q[01]$',
    '-x',
    '^d',
    `^${script.queue()}$`,
    script.exchange(),
  ]
  return script.chance(0.02)
    ? '('
    : script.oneOf([...some, '^(amq\\.default|.*-q0)$', '[^2]$', '0|1'])
}

function drawPermission(script: Script): Operation {
  const [configure, write, read] = [patternOf(script), patternOf(script), patternOf(script)]
  return put(`/api/permissions/${placeOf(script)}`, { configure, write, read })
}

function drawTopicPermission(script: Script): Operation {
  const pattern = (): string =>
    script.oneOf([
      '.*',
      '',
      '^a',
      '^a\\.b$',
      '^{username}\\.',
      '^{vhost}',
      '{client_id}',
      '^(?!a)',
      'b|#',
    ])
  const exchange = script.chance(0.7) ? script.exchange() : 'amq.topic'
  const body = { exchange, write: pattern(), read: pattern() }
  return put(`/api/topic-permissions/${placeOf(script)}`, body)
}

function drawTopicClearing(script: Script): Operation {
  const place = `/api/topic-permissions/${placeOf(script)}`
  return remove(script.chance(0.5) ? place : `${place}/${encode(script.exchange() || 'amq.topic')}`)
}

function loginOf(script: Script): { user: string; password: string; vhost: string } {
  const wrong = script.chance(0.03)
  return { user: script.user(), password: wrong ? 'wrong' : password, vhost: script.vhost() }
}

function drawLogin(script: Script): Operation {
  return { kind: 'login', ...loginOf(script) }
}

function drawUserLimit(script: Script): Operation {
  const name = script.oneOf(['max-connections', 'max-channels'])
  return drawLimit(script, `/api/user-limits/${encode(script.user())}/${name}`)
}

function drawVHostLimit(script: Script): Operation {
  const name = script.oneOf(['max-connections', 'max-queues'])
  return drawLimit(script, `/api/vhost-limits/${encode(script.ownVHost)}/${name}`)
}

function drawLimit(script: Script, path: string): Operation {
  return script.chance(0.4) ? remove(path) : put(path, { value: script.oneOf([-1, 0, 1, 2, 3, 4]) })
}

function placeOf(script: Script): string {
  return `${encode(script.vhost())}/${encode(script.user())}`
}

const encode = encodeURIComponent
