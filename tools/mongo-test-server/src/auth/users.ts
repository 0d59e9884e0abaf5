import type { Privilege } from '../commands/command.ts'
import { scramCredentials, type ScramCredentials } from './scram.ts'

/** A role of a user on a database; those for the whole cluster are on `admin`. */
export interface GrantedRole {
  readonly role: string
  readonly db: string
}

/** Who may log in, and what they may do. */
export interface UserDefinition {
  readonly name: string
  readonly password: string
  readonly roles: readonly GrantedRole[]
}

/** A user who can log in. */
export interface User {
  readonly name: string
  readonly roles: readonly GrantedRole[]
  readonly credentials: ScramCredentials
}

type Right = 'read' | 'write' | 'administer' | 'monitor' | 'manage cluster'

/** What MongoDB's built-in roles allow: https://www.mongodb.com/docs/manual/reference/built-in-roles/. */
const rights: Readonly<Record<string, readonly Right[]>> = {
  read: ['read'],
  readWrite: ['read', 'write'],
  dbAdmin: ['administer'],
  dbOwner: ['read', 'write', 'administer'],
  readAnyDatabase: ['read'],
  readWriteAnyDatabase: ['read', 'write'],
  dbAdminAnyDatabase: ['administer'],
  clusterMonitor: ['monitor'],
  clusterManager: ['manage cluster', 'monitor'],
  clusterAdmin: ['manage cluster', 'monitor', 'administer'],
  root: ['read', 'write', 'administer', 'monitor', 'manage cluster'],
}

const everywhere = /AnyDatabase$|^cluster|^root$/

/** The users of a server. Without any, everybody may do everything. */
export class Users {
  readonly #users: ReadonlyMap<string, User>

  constructor(definitions: readonly UserDefinition[]) {
    this.#users = new Map(
      definitions.map(({ name, password, roles }) => [
        name,
        { name, roles, credentials: scramCredentials(password) },
      ]),
    )
  }

  /** Whether clients have to log in. */
  get required(): boolean {
    return this.#users.size > 0
  }

  find(name: string): User | undefined {
    return this.#users.get(name)
  }
}

/**
 * @param user who has logged in
 * @param privilege that a command needs
 * @returns whether the user has it
 */
export function isAllowed(user: User | undefined, privilege: Privilege): boolean {
  if (privilege.kind === 'nobody in particular') return true
  if (user === undefined) return false
  if (privilege.kind === 'logged in') return true
  const { kind } = privilege
  const database = 'database' in privilege ? privilege.database : undefined
  return user.roles.some(({ role, db }) => {
    const inPlace = everywhere.test(role) || db === database
    return inPlace && (rights[role] ?? []).includes(kind)
  })
}
