import { readFileSync } from 'node:fs'

/**
 * The account a server runs under.
 *
 * @typedef {object} ServerAccount
 * @property {number} uid
 * @property {number} gid
 */

/**
 * Picks the account for a private server: PostgreSQL refuses to run as root, and MariaDB would rather not.
 *
 * @param {readonly string[]} names accounts to prefer, first one first; `nobody` is always tried last
 * @returns {ServerAccount | undefined} undefined when not root: the server then runs as whoever started it
 * @throws {Error} as root on a machine that has none of these accounts
 */
export function serverAccount(names) {
  if (process.getuid?.() !== 0) return undefined
  const account = accountIn(readFileSync('/etc/passwd', 'utf8'), [...names, 'nobody'])
  if (account === undefined) {
    throw new Error(
      'cannot start a server as root: found no account to run it under (wanted nobody)',
    )
  }
  return account
}

/**
 * Looks accounts up in the text of a passwd file.
 *
 * @param {string} passwd
 * @param {readonly string[]} names
 * @returns {ServerAccount | undefined} the first name that is there
 */
export function accountIn(passwd, names) {
  const rows = passwd.split('\n').map((line) => line.split(':'))
  for (const name of names) {
    const row = rows.find((fields) => fields[0] === name)
    if (row !== undefined) return { uid: Number(row[2]), gid: Number(row[3]) }
  }
  return undefined
}
