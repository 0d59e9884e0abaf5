import { aggregate } from './aggregate.ts'
import {
  collMod,
  collStats,
  create,
  createIndexes,
  drop,
  dropDatabase,
  listCollections,
  listDatabases,
  listIndexes,
  renameCollection,
} from './collections.ts'
import {
  loggedIn,
  nobodyInParticular,
  type CommandContext,
  type CommandDefinition,
  type Privilege,
} from './command.ts'
import { count, distinct } from './count.ts'
import { remove } from './delete.ts'
import { findAndModify } from './find-and-modify.ts'
import { findAnywhere } from './find-in-view.ts'
import { getMore, killCursors } from './get-more.ts'
import { hello } from './hello.ts'
import { insert } from './insert.ts'
import { connectionStatus, logout, saslContinue, saslStart, usersInfo } from './log-in.ts'
import { splitVector } from './split-vector.ts'
import {
  buildInfo,
  getParameter,
  ping,
  replSetGetStatus,
  serverStatus,
} from './server-information.ts'
import { configureFailPoint, millraceTest } from './test-control.ts'
import {
  abortTransaction,
  commitTransaction,
  endSessions,
  refreshSessions,
} from './transactions.ts'
import { update } from './update.ts'

type Run = CommandDefinition['run']

/** All commands by name. */
export const commands: ReadonlyMap<string, CommandDefinition> = new Map(
  Object.entries({
    hello: open(hello),
    ismaster: open(hello),
    isMaster: open(hello),
    ping: open(ping),
    saslStart: open(saslStart),
    saslContinue: open(saslContinue),
    logout: open(logout),
    connectionStatus: open(connectionStatus),
    buildInfo: open(buildInfo),
    buildinfo: open(buildInfo),
    millraceTest: open(millraceTest),
    configureFailPoint: open(configureFailPoint),

    find: reading(findAnywhere),
    aggregate: reading(aggregate),
    count: reading(count),
    distinct: reading(distinct),
    listIndexes: reading(listIndexes),
    listCollections: reading(listCollections),
    collStats: reading(collStats),
    getMore: { run: getMore, privilege: () => loggedIn, role: 'reader' },
    killCursors: { run: killCursors, privilege: () => loggedIn, role: 'any member' },

    insert: writing(insert),
    update: writing(update),
    delete: writing(remove),
    findAndModify: writing(findAndModify),
    create: writing(create),
    drop: writing(drop),
    createIndexes: writing(createIndexes),
    collMod: administering(collMod),
    dropDatabase: administering(dropDatabase),
    renameCollection: administering(renameCollection),

    commitTransaction: { run: commitTransaction, privilege: () => loggedIn, role: 'primary' },
    abortTransaction: { run: abortTransaction, privilege: () => loggedIn, role: 'primary' },
    refreshSessions: { run: refreshSessions, privilege: () => loggedIn, role: 'any member' },
    endSessions: { run: endSessions, privilege: () => loggedIn, role: 'any member' },

    usersInfo: { run: usersInfo, privilege: () => loggedIn, role: 'any member' },
    splitVector: {
      run: splitVector,
      privilege: () => ({ kind: 'manage cluster' }),
      role: 'reader',
    },
    listDatabases: { run: listDatabases, privilege: () => loggedIn, role: 'reader' },
    serverStatus: monitoring(serverStatus),
    replSetGetStatus: monitoring(replSetGetStatus),
    getParameter: monitoring(getParameter),
  } satisfies Record<string, CommandDefinition>),
)

function open(run: Run): CommandDefinition {
  return { run, privilege: () => nobodyInParticular, role: 'any member' }
}

function monitoring(run: Run): CommandDefinition {
  return { run, privilege: () => ({ kind: 'monitor' }), role: 'any member' }
}

function reading(run: Run): CommandDefinition {
  return { run, privilege: on('read'), role: 'reader' }
}

function writing(run: Run): CommandDefinition {
  return { run, privilege: on('write'), role: 'primary' }
}

function administering(run: Run): CommandDefinition {
  return { run, privilege: on('administer'), role: 'primary' }
}

function on(kind: 'read' | 'write' | 'administer'): (context: CommandContext) => Privilege {
  return ({ database }) => ({ kind, database })
}
