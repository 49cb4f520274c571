// Stands for the module `kerberos`, which is built where Kerberos is: nothing of it is called.

export default {}
