/** A user without a password may log in, too (`nopass`). */
export function loginCommands(
  user: string | undefined,
  password: string | undefined,
): readonly (readonly string[])[] {
  if (user !== undefined) return [['AUTH', user, password ?? '']]
  return password === undefined ? [] : [['AUTH', password]]
}
