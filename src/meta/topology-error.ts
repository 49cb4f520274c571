// Why a data folder's topology cannot be used. Each message says what to do.

/** Another broker uses the data folder. */
export class DataFolderLockedError extends Error {
  override readonly name = 'DataFolderLockedError'
}

/** The data folder is missing, or nothing can be written to it. */
export class DataFolderUnwritableError extends Error {
  override readonly name = 'DataFolderUnwritableError'
}

/** The topology view is damaged, or older than what the log can still replay. */
export class TopologyDamagedError extends Error {
  override readonly name = 'TopologyDamagedError'
}

/** The topology view was written by a newer version. */
export class TopologyVersionError extends Error {
  override readonly name = 'TopologyVersionError'
}
