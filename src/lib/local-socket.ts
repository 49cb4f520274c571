/** The socket of a broker in its data folder, for programs on the same machine. */
export const localSocketFile = 'pabal.sock'

/** Where the path of the data folder is too long for a socket, this file says where it is. */
export const localSocketPathFile = 'pabal.sock.path'
