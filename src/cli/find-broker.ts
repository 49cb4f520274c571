// Which broker a command talks to, and as whom. The first of these that is given says where:
//
// 1. one of --url, --context and --data;
// 2. PABAL_URL, then PABAL_CONTEXT, then PABAL_DATA;
// 3. the context in use, by `pabal context use`;
// 4. the data folder of pabal.yaml, else ./data.
//
// User, password, token and authority come from flags, then from the URL, from variables, from the context.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { isLoopback } from '../lib/loopback.ts'
import { findDataFolder } from '../settings/load-config.ts'
import { readPasswordFile, readSmallFile } from '../settings/settings-file.ts'
import { BrokerClient } from './broker-client.ts'
import type { BrokerFlags, BrokerPlace, Login } from './broker-place.ts'
import { type BrokerContext, getContext, readContexts } from './contexts-file.ts'
import type { Session } from './remote-command.ts'

/** Rejects with an `ExitError` when what says so is wrong or cannot be read. */
export async function findBroker(session: Session, flags: BrokerFlags): Promise<BrokerClient> {
  const place = await findPlace(session, flags)
  return new BrokerClient(place, flagsInHints(flags))
}

export async function findPlace(session: Session, flags: BrokerFlags): Promise<BrokerPlace> {
  const meant = await findMeant(session, flags)
  if (meant.url !== undefined) return remotePlace(session, flags, meant)
  const idle = (['user', 'passwordFile', 'tokenFile', 'tlsCa'] as const).find(
    (name) => flags[name] !== undefined,
  )
  if (idle !== undefined) {
    const flag = `--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw new ExitError(
      exitCodes.usage,
      `${flag} is for a broker at a --url; the owner of a data folder needs no login`,
    )
  }
  return { folder: meant.data ?? (await findDataFolder(session)) }
}

async function findMeant(session: Session, flags: BrokerFlags): Promise<BrokerContext> {
  const { environment, terminal } = session
  const { url, context, data } = flags
  const given = [url, context, data].filter((value) => value !== undefined)
  if (given.length > 1) {
    throw new ExitError(exitCodes.usage, 'which broker? give one of --url, --context and --data')
  }
  if (url !== undefined) return { url }
  if (data !== undefined) return {}
  const contexts = await readContexts(environment, terminal)
  if (context !== undefined) return getContext(contexts, context)
  const { PABAL_URL, PABAL_CONTEXT, PABAL_DATA } = environment
  if (PABAL_URL) return { url: PABAL_URL }
  if (PABAL_CONTEXT) return getContext(contexts, PABAL_CONTEXT)
  if (PABAL_DATA || contexts.current === undefined) return {}
  return getContext(contexts, contexts.current)
}

async function remotePlace(
  session: Session,
  flags: BrokerFlags,
  meant: BrokerContext,
): Promise<BrokerPlace> {
  const { environment, terminal } = session
  const { url, user, password } = parseUrl(meant.url ?? '')
  if (password !== undefined && flags.url !== undefined) {
    const where = 'a password in --url is seen by everyone on this machine'
    throw new ExitError(exitCodes.usage, `${where}: give --password-file, or PABAL_PASSWORD`)
  }
  const caFile = flags.tlsCa ?? (environment['PABAL_TLS_CA'] || meant['tls-ca'])
  const ca = caFile && (await readSmallFile(caFile, 'certificates'))
  // The brackets of an IPv6 address belong to the URL only.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const login = await findLogin(session, flags, { ...meant, host }, { user, password })
  if (login !== undefined && url.protocol === 'http:' && !isLoopback(host)) {
    terminal.tell(`The login goes to ${url.host} unencrypted; use https:// where you can`)
  }
  return { url, login, ca: ca || undefined }
}

interface UrlParts {
  readonly url: URL
  readonly user: string | undefined
  readonly password: string | undefined
}

/** Throws an `ExitError` for anything but http and https. */
export function parseUrl(text: string): UrlParts {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new ExitError(
      exitCodes.usage,
      `'${text}' is no URL of a broker: use one like https://broker.example:15671`,
    )
  }
  const [user, password] = [url.username, url.password].map((part) =>
    part === '' ? undefined : decoded(part),
  )
  url.username = ''
  url.password = ''
  return { url, user, password }
}

/** A `%` that begins no escape is one. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

async function findLogin(
  session: Session,
  flags: BrokerFlags,
  meant: BrokerContext & { readonly host: string },
  inUrl: Omit<UrlParts, 'url'>,
): Promise<Login | undefined> {
  const isUserGiven = flags.user !== undefined || flags.passwordFile !== undefined
  if (isUserGiven && flags.tokenFile !== undefined) {
    const problem = 'a token says itself who it is: give --token-file, or --user'
    throw new ExitError(exitCodes.usage, problem)
  }
  const user = flags.user ?? inUrl.user ?? (session.environment['PABAL_USER'] || meant.user)
  if (!isUserGiven && inUrl.user === undefined) {
    const token = await findToken(session, flags, meant)
    if (token !== undefined) return { token }
  }
  if (user !== undefined) {
    const password = await findPassword(session, flags, meant, { ...inUrl, user })
    return { user, password }
  }
  // As RabbitMQ's tools do.
  return isLoopback(meant.host) ? { user: 'guest', password: 'guest' } : undefined
}

/** One of a context counts for less than a user of the environment. */
async function findToken(
  { environment }: Session,
  { tokenFile }: BrokerFlags,
  meant: BrokerContext,
): Promise<string | undefined> {
  if (tokenFile !== undefined) return readToken(tokenFile)
  if (environment['PABAL_TOKEN']) return environment['PABAL_TOKEN']
  if (environment['PABAL_USER'] || meant['token-file'] === undefined) return undefined
  return readToken(meant['token-file'])
}

async function findPassword(
  { environment, terminal }: Session,
  { passwordFile }: BrokerFlags,
  meant: BrokerContext,
  { user, password }: { readonly user: string; readonly password: string | undefined },
): Promise<string> {
  const { PABAL_PASSWORD_FILE, PABAL_PASSWORD } = environment
  const isOfContext = user === meant.user
  if (passwordFile !== undefined) return readPasswordFile(passwordFile)
  if (password !== undefined) return password
  if (PABAL_PASSWORD_FILE) return readPasswordFile(PABAL_PASSWORD_FILE)
  if (PABAL_PASSWORD) return PABAL_PASSWORD
  if (isOfContext && meant['password-file']) return readPasswordFile(meant['password-file'])
  if (isOfContext && meant.password) return meant.password
  const typed = await terminal.secret(`Password of user '${user}': `)
  if (typed !== undefined) return typed
  throw new ExitError(
    exitCodes.usage,
    `user '${user}' needs a password: give --password-file FILE, or PABAL_PASSWORD`,
  )
}

async function readToken(file: string): Promise<string> {
  const token = (await readSmallFile(file, 'token')).trim()
  if (/^\S+$/.test(token)) return token
  throw new ExitError(exitCodes.config, `token file ${file} does not hold one token`)
}

/** What names the broker, for the commands that messages advise. */
function flagsInHints({ url, context, data }: BrokerFlags): string {
  const given = { url, context, data }
  return Object.entries(given)
    .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${quote(value)}`]))
    .join('')
}

function quote(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
