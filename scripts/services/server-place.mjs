import { serverAccount } from './server-account.mjs'

/**
 * Where a server's programs run: on this machine as it is, or in another root folder.
 *
 * @typedef {object} ServerPlace
 * @property {(line: CommandLine) => CommandLine} wrap turns a command line into one that runs there
 * @property {(names: readonly string[]) => ServerAccount | undefined} account picks the account to run under
 *
 * @typedef {import('./server-session.mjs').CommandLine} CommandLine
 * @typedef {import('./server-account.mjs').ServerAccount} ServerAccount
 */

/** @type {ServerPlace} */
export const thisMachine = { wrap: (line) => line, account: serverAccount }
