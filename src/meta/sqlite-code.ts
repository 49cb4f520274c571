// SQLite's primary result codes, as far as the broker tells them apart.

export const sqliteCodes = {
  error: 1,
  busy: 5,
  corrupt: 11,
  cannotOpen: 14,
  format: 24,
  notDatabase: 26,
} as const

/** The primary result code of an error that `node:sqlite` threw; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}
