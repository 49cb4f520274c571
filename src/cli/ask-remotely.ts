// Requests to a broker at a URL.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { addressOf, type ConnectOptions, type Login, type RemotePlace } from './broker-place.ts'

export function remoteOptions({ url, login, ca }: RemotePlace): ConnectOptions {
  return {
    // The brackets of an IPv6 address belong to the URL only.
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    headers: { host: url.host, ...(login !== undefined && { authorization: headerOf(login) }) },
    ...(ca !== undefined && { ca }),
  }
}

function headerOf(login: Login): string {
  if ('token' in login) return `Bearer ${login.token}`
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
}

const notThere = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]

/** Why no answer came. */
export function explainRemote(error: NodeJS.ErrnoException, place: RemotePlace): ExitError {
  const code = error.code ?? error.message
  return new ExitError(
    exitCodes.unavailable,
    `cannot ask ${addressOf(place)} (${code}): ${adviceFor(code, place)}`,
    { cause: error },
  )
}

function adviceFor(code: string, { ca }: RemotePlace): string {
  if (notThere.includes(code)) return 'is the broker running, and this its HTTP port?'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'its certificate is for other names; use one of them in the URL'
  }
  if (code.includes('CERT_HAS_EXPIRED')) return 'its certificate has expired'
  if (/CERT|SIGN|ISSUER/.test(code)) {
    return ca === undefined
      ? 'its certificate is by nobody the system trusts; name the authority with --tls-ca FILE'
      : 'its certificate is by nobody in --tls-ca'
  }
  if (/SSL|EPROTO/.test(code)) return 'no TLS is spoken there; is it http:// instead of https://?'
  return 'see the log of the broker, or what is between it and here'
}

/** Of answers that no command can do anything with: the end of the program, or undefined for others. */
export function whyRefusedThere(
  { status, text }: { readonly status: number; readonly text: string },
  place: RemotePlace,
): ExitError | undefined {
  if (status >= 300 && status < 400) {
    return new ExitError(
      exitCodes.unavailable,
      `${addressOf(place)} sends on to another address (${status}): give that one as the URL`,
    )
  }
  const reason = reasonIn(text)
  if (status === 421) return new ExitError(exitCodes.unavailable, `${addressOf(place)}: ${reason}`)
  if (status !== 401 && status !== 403) return undefined
  return new ExitError(exitCodes.notPermitted, whyNotPermitted(reason, place.login))
}

/** Something else answers there: a page of a proxy, say. */
export function noBrokerThere(status: number, place: RemotePlace): ExitError {
  const answers = `${addressOf(place)} answers (${status}), but not as a broker does`
  return new ExitError(exitCodes.unavailable, `${answers}: is this its HTTP port?`)
}

function whyNotPermitted(reason: string | undefined, login: Login | undefined): string {
  if (login === undefined) {
    return 'the broker wants a login: give --user NAME and --password-file FILE, or --token-file FILE'
  }
  const isLoginWrong = reason === undefined || /^(?:not_?authori[sz]ed|login failed)$/i.test(reason)
  if ('token' in login) {
    return isLoginWrong
      ? 'the broker refuses the token: it may have expired'
      : `what the token permits is too little (${reason})`
  }
  return isLoginWrong
    ? `the broker refuses user '${login.user}' with this password: see --user and --password-file`
    : `user '${login.user}' may not do that (${reason}): ${adviceForRights(reason)}`
}

function adviceForRights(reason: string): string {
  const command = reason.startsWith('ACCESS_REFUSED') ? 'permission set' : 'user tags'
  return `an administrator can change that, see pabal ${command} --help`
}

function reasonIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly reason?: string } | null)?.reason
  } catch {
    return undefined
  }
}
