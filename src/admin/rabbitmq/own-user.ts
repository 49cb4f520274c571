// The user that the settings name stays as it is.

/** What who would change it is told. */
export function whyOwnUserStays(name: string): string {
  return `Protected users cannot be modified via the HTTP API: user '${name}' is that of the settings, see --user and --password-file`
}

/** What who would change its permissions is told. */
export function whyOwnUserMayDoAll(name: string): string {
  return `user '${name}' is that of the settings, and may do everything`
}
