// How the program ends: the sysexits(3) codes, so that supervisors and scripts can tell why.

/** Exit codes after sysexits(3). */
export const exitCodes = {
  ok: 0,
  /** Nothing failed, and somebody should look: `pabal doctor` warns. Not of sysexits. */
  attention: 1,
  /** A command-line argument is wrong. */
  usage: 64,
  /** Stored data is damaged. */
  dataDamaged: 65,
  /** An input file, or what a command names, is missing or unreadable. */
  noInput: 66,
  /** A port is busy, or an address is not this machine's. */
  unavailable: 69,
  /** A fault of the program itself. */
  software: 70,
  /** The operating system refused (no file handles, no memory). */
  osError: 71,
  /** A file or folder cannot be created or written. */
  cannotCreate: 73,
  /** Reading or writing failed. */
  ioError: 74,
  /** Try again later: another broker holds the data folder. */
  tryLater: 75,
  /** Not permitted, such as a port below 1024. */
  notPermitted: 77,
  /** A configuration value is wrong. */
  config: 78,
} as const
