// Users by HTTP. A change is answered when it is durable.
import { type Context, Hono } from 'hono'
import { findHashing, hashPassword, ownHashing } from '../auth/password-hash.ts'
import { makeScramSecrets } from '../auth/scram-secret.ts'
import { authLimits } from '../limits/auth.ts'
import {
  badRequest,
  compareNames,
  type ManagementParts,
  notFound,
  readObject,
  roomToDeclare,
  stored,
} from './answers.ts'
import { permissionJson, topicPermissionJson } from './permission-routes.ts'

type Access = ManagementParts['broker']['access']
type User = NonNullable<ReturnType<Access['findUser']>>

export function createUserRoutes(parts: ManagementParts): Hono {
  const { broker, keeper } = parts
  const { access } = broker
  const routes = new Hono()
  const inOrder = (): User[] => access.users().toSorted((a, b) => compareNames(a.name, b.name))
  routes.get('/', (context) => context.json(inOrder().map(userJson)))
  routes.get('/without-permissions', (context) => {
    const permitted = new Set(access.permissions(broker.vhostNames).map(({ user }) => user))
    return context.json(
      inOrder()
        .filter(({ name }) => !permitted.has(name))
        .map(userJson),
    )
  })
  routes.get('/:name', (context) => {
    const user = access.findUser(context.req.param('name'))
    return user === undefined ? notFound(context) : context.json(userJson(user))
  })
  routes.get('/:name/permissions', (context) => {
    const name = context.req.param('name')
    if (access.findUser(name) === undefined) return badRequest(context, 'vhost_or_user_not_found')
    const rows = access.permissions(broker.vhostNames).filter(({ user }) => user === name)
    return context.json(rows.map(permissionJson))
  })
  routes.get('/:name/topic-permissions', (context) => {
    const name = context.req.param('name')
    if (access.findUser(name) === undefined) return badRequest(context, 'vhost_or_user_not_found')
    const rows = access.topicPermissions().filter(({ user }) => user === name)
    return context.json(rows.map(topicPermissionJson))
  })
  routes.put('/:name', (context) => putUser(context, parts, context.req.param('name')))
  routes.delete('/:name', async (context) => {
    const name = context.req.param('name')
    if (access.isOwn(name)) return badRequest(context, ownUser(name))
    await roomToDeclare(broker)
    const done = keeper.deleteUser(name)
    if (done === undefined) return notFound(context)
    await done
    return context.body(null, 204)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

/** Why the user of the settings stays as it is. */
export function ownUser(name: string): string {
  return `Protected users cannot be modified via the HTTP API: user '${name}' is that of the settings, see --user and --password-file`
}

async function putUser(context: Context, parts: ManagementParts, name: string): Promise<Response> {
  const { broker, keeper } = parts
  if (broker.access.isOwn(name)) return badRequest(context, ownUser(name))
  const body = await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const before = broker.access.findUser(name)
  const problem = whyRefused(name, body) ?? (before === undefined ? keeper.whyFull : undefined)
  if (problem !== undefined) return badRequest(context, problem)
  const tags = tagsOf(body)
  if (tags === undefined) return badRequest(context, 'tags_not_present')
  if (tags.length > authLimits.tagsPerUserMax) {
    const most = authLimits.tagsPerUserMax
    return badRequest(context, `A user can have at most ${most} tags (received ${tags.length})`)
  }
  const secrets = await secretsOf(body, parts, before)
  await roomToDeclare(broker)
  const limits = before?.limits
  await keeper.putUser({ name, tags, ...secrets, ...(limits && { limits }) })
  return stored(context, before === undefined)
}

function whyRefused(name: string, body: Readonly<Record<string, unknown>>): string | undefined {
  const { password, password_hash: hash, hashing_algorithm: algorithm } = body
  if (Buffer.byteLength(name) > authLimits.nameSizeMax) {
    return `the name of a user has at most ${authLimits.nameSizeMax} bytes`
  }
  for (const unserved of ['limits', 'permissions']) {
    if (Object.hasOwn(body, unserved)) return `${unserved} are set by their own path`
  }
  if (password !== undefined && hash !== undefined) {
    return 'both_password_and_password_hash_are_provided'
  }
  if (password !== undefined && typeof password !== 'string') return 'password must be text'
  if (hash === undefined) return undefined
  if (typeof hash !== 'string' || !isBase64(hash)) return 'not_base64'
  if (algorithm === undefined || findHashing(algorithm) !== undefined) return undefined
  return `hashing algorithm ${JSON.stringify(algorithm)} is not served: use rabbit_password_hashing_sha256 or rabbit_password_hashing_sha512`
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}

function tagsOf({ tags }: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof tags === 'string') return clean(tags.split(','))
  return Array.isArray(tags) ? clean(tags.map(String)) : undefined
}

function clean(tags: readonly string[]): string[] {
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== '')
}

type Secrets = Pick<User, 'passwordHash' | 'hashingAlgorithm' | 'scram'>

/** Neither password nor hash: from now on nobody logs in with one. */
async function secretsOf(
  body: Readonly<Record<string, unknown>>,
  { broker }: ManagementParts,
  before: User | undefined,
): Promise<Secrets> {
  const { password, password_hash: hash = '', hashing_algorithm: algorithm } = body
  if (typeof password === 'string' && password !== '') {
    const bytes = Buffer.from(password)
    const scram = await makeScramSecrets(bytes, broker.random)
    return { ...hashPassword(bytes, broker.random), scram }
  }
  const passwordHash = hash as string
  const hashingAlgorithm = findHashing(algorithm) ?? ownHashing
  // The same hash is the same password: what SCRAM knows of it is still right.
  const isSame = passwordHash !== '' && before?.passwordHash === passwordHash
  return { passwordHash, hashingAlgorithm, ...(isSame && { scram: before.scram }) }
}

function userJson({ name, passwordHash, hashingAlgorithm, tags, limits = {} }: User): object {
  return {
    name,
    password_hash: passwordHash,
    hashing_algorithm: hashingAlgorithm,
    tags,
    limits,
  }
}
