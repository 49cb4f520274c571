/** The header that names them. */
export const missingHeader = 'x-pabal-missing'
