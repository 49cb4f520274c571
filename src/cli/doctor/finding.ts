/** What a check found. */
export interface Finding {
  readonly check: string
  /** `fail`: it does not work, or will soon not; `warn`: it works, and somebody should look. */
  readonly level: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do; there is none for `ok`. */
  readonly advice?: string
}

export function ok(check: string, found: string): Finding {
  return { check, level: 'ok', found }
}

export function warn(check: string, found: string, advice: string): Finding {
  return { check, level: 'warn', found, advice }
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, level: 'fail', found, advice }
}
