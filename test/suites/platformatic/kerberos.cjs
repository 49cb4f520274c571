// Stands for the module `kerberos`, which is built where Kerberos is. Nothing of it is called.

exports.initializeClient = undefined
