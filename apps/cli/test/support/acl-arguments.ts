/** The arguments of the rule that `check --connect` has printed, behind the name of the user, as `redis-cli` reads them. */
export function aclArguments(stdout: string): string[] {
  const rule = /^ {2}ACL SETUSER \S+ (.+)$/m.exec(stdout)?.[1] ?? ''
  return [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, text, plain]) => plain ?? (text ?? '').replaceAll(/\\(.)/g, '$1'),
  )
}
