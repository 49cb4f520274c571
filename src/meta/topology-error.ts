// Why a data folder's topology cannot be used. Each message says what to do.

/** Another broker uses the data folder. */
export class DataFolderLockedError extends Error {
  override readonly name = 'DataFolderLockedError'
}

/** The data folder is missing, or nothing can be written to it. */
export class DataFolderUnwritableError extends Error {
  override readonly name = 'DataFolderUnwritableError'
}

/** An entry that this version cannot read: a newer one wrote it, as damage does not pass the log's checks. */
export class TopologyFormatError extends Error {
  override readonly name = 'TopologyFormatError'
}
