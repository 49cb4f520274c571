// What an error of the operating system means for a store.

/** Whether a write failed because the disk, or our share of it, is full. */
export function isOutOfSpace(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Whether nobody will ever be able to write there unless somebody comes and mends it. */
export function isHopeless(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'ENODEV'
}

/** Whether the system could not do it, as opposed to bytes that are not what was written. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException
  return error instanceof Error && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)
}
