// `pabal context`: brokers by name, so that commands need not be told each time where they are.
import path from 'node:path'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readPasswordFile } from '../settings/settings-file.ts'
import {
  type BrokerContext,
  type Contexts,
  contextsPath,
  getContext,
  readContexts,
  writeContexts,
} from './contexts-file.ts'
import { parseUrl } from './find-broker.ts'
import type { Action, AddCommand, Session } from './remote-command.ts'
import { outputOption, readFormat, showOne, showRows } from './show-rows.ts'

interface Flags {
  readonly url?: string
  readonly data?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly storePassword?: boolean
  readonly tokenFile?: string
  readonly tlsCa?: string
  readonly use?: boolean
  readonly output?: string
}

export const addContextCommands: AddCommand = (context, _remote, local) => {
  local(context, 'add <NAME>', {
    summary: 'Add a broker by name, or replace the one of that name',
    run: ([name = ''], flags) => add(name, flags),
  })
    .option('--url <URL>', 'Where its HTTP port is: https://broker.example:15671')
    .option('--data <FOLDER>', 'Its data folder, if it is on this machine')
    .option('--user <NAME>', 'Who logs in')
    .option('--password-file <FILE>', 'File whose first line is the password')
    .option('--store-password', 'Keep the password itself, instead of the name of its file')
    .option('--token-file <FILE>', 'File with a token (OAuth 2) to log in with')
    .option('--tls-ca <FILE>', "Authorities to trust instead of the system's (PEM)")
    .option('--use', 'Use it from now on')
    .addHelpText(
      'after',
      '\nExample: context add shop --url https://shop:15671 --user app --password-file app.password',
    )
  local(context, 'use <NAME>', {
    summary: 'Let commands ask this broker when nothing else is said',
    run: ([name = '']) => use(name),
  })
  local(context, 'list', {
    summary: 'Show all contexts; a * is at the one in use',
    run: (_operands, flags) => list(flags),
  })
    .alias('ls')
    .option(...outputOption)
  local(context, 'show [NAME]', {
    summary: 'Show one context, or the one in use; no passwords',
    run: ([name], flags) => show(name, flags),
  }).option(...outputOption)
  local(context, 'delete <NAME>', {
    summary: 'Forget a context',
    run: ([name = '']) => remove(name),
  }).alias('rm')
}

function add(name: string, flags: Flags): Action {
  if (name === '') throw new ExitError(exitCodes.usage, 'a context needs a name, such as shop')
  const { url, data, storePassword = false } = flags
  if ((url === undefined) === (data === undefined)) {
    throw new ExitError(exitCodes.usage, 'a context needs either --url URL or --data FOLDER')
  }
  const idle = Object.keys(loginOf(flags)).find((key) => url === undefined && key !== 'url')
  if (idle !== undefined) throw new ExitError(exitCodes.usage, `--${idle} needs a --url`)
  if (url !== undefined && parseUrl(url).password !== undefined) {
    const advice = 'give --user and --password-file instead, with --store-password to keep it'
    throw new ExitError(exitCodes.usage, `the URL has a password in it: ${advice}`)
  }
  if (storePassword && flags.user === undefined) {
    throw new ExitError(exitCodes.usage, '--store-password needs a --user')
  }
  return async (session) => {
    const { terminal, environment } = session
    const contexts = await readContexts(environment, terminal)
    const secret = storePassword ? await readSecret(session, flags) : loginOf(flags)
    const context = url === undefined ? { data: path.resolve(data ?? '') } : { url, ...secret }
    const byName = new Map(contexts.byName).set(name, context)
    const current = flags.use === true ? name : contexts.current
    await writeContexts(environment, { current, byName })
    terminal.print(`Context '${name}' was written to ${contextsPath(environment)}`)
    const advice = current === name ? 'It is in use' : `Use it with pabal context use ${name}`
    terminal.tell(advice)
    return exitCodes.ok
  }
}

/** Files by their full names: commands run in other folders. */
function loginOf({ user, passwordFile, tokenFile, tlsCa }: Flags): BrokerContext {
  return {
    ...(user !== undefined && { user }),
    ...(passwordFile !== undefined && { 'password-file': path.resolve(passwordFile) }),
    ...(tokenFile !== undefined && { 'token-file': path.resolve(tokenFile) }),
    ...(tlsCa !== undefined && { 'tls-ca': path.resolve(tlsCa) }),
  }
}

async function readSecret({ terminal }: Session, flags: Flags): Promise<BrokerContext> {
  const { passwordFile, ...others } = flags
  const password =
    passwordFile === undefined
      ? await terminal.secret(`Password of user '${flags.user}': `)
      : await readPasswordFile(passwordFile)
  if (password !== undefined) return { ...loginOf(others), password }
  throw new ExitError(exitCodes.usage, '--store-password needs a --password-file to take it from')
}

function use(name: string): Action {
  return async ({ environment, terminal }) => {
    const contexts = await readContexts(environment, terminal)
    const { url, data } = getContext(contexts, name)
    await writeContexts(environment, { ...contexts, current: name })
    terminal.print(`Commands ask ${url ?? data} from now on`)
    return exitCodes.ok
  }
}

function remove(name: string): Action {
  return async ({ environment, terminal }) => {
    const contexts = await readContexts(environment, terminal)
    getContext(contexts, name)
    const byName = new Map(contexts.byName)
    byName.delete(name)
    const current = contexts.current === name ? undefined : contexts.current
    await writeContexts(environment, { current, byName })
    terminal.print(`Deleted: context '${name}'`)
    return exitCodes.ok
  }
}

function list({ output }: Flags): Action {
  const format = readFormat(output)
  return async ({ environment, terminal }) => {
    const contexts = await readContexts(environment, terminal)
    const rows = Array.from(contexts.byName.keys(), (name) => rowOf(contexts, name))
    await showRows({ ...shown, rows }, format, terminal)
    return exitCodes.ok
  }
}

function show(name: string | undefined, { output }: Flags): Action {
  const format = readFormat(output)
  return async ({ environment, terminal }) => {
    const contexts = await readContexts(environment, terminal)
    const shownName = name ?? contexts.current
    if (shownName === undefined) {
      throw new ExitError(exitCodes.noInput, 'no context is in use; see pabal context list')
    }
    getContext(contexts, shownName)
    await showOne({ ...shown, row: rowOf(contexts, shownName) }, format, terminal)
    return exitCodes.ok
  }
}

const shown = {
  title: 'contexts',
  columns: ['current', 'name', 'place', 'user'],
  wideColumns: ['password', 'token-file', 'tls-ca'],
  heads: { current: '' },
}

function rowOf({ current, byName }: Contexts, name: string): Record<string, unknown> {
  const { url, data, user, password, 'password-file': file, ...others } = byName.get(name) ?? {}
  return {
    current: name === current ? '*' : '',
    name,
    place: url ?? data,
    user,
    password: password === undefined ? file : 'kept here',
    ...others,
  }
}
