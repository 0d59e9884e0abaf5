import { AssertionError } from 'node:assert'

/** A harness some of whose parts its source or target may be unable to give. */
export interface PartialHarness {
  /** Parts that are not given, each with the reason: it stands in the names of the tests that are skipped for it. */
  readonly lacks?: Readonly<Partial<Record<string, string>>>
}

/** Why the cases that need a part are skipped; `undefined` when the part is there, or nothing is said of it. */
export function lacking<H extends PartialHarness>(
  part: string,
): (harness: H) => string | undefined {
  return (harness) => harness.lacks?.[part]
}

/** A part of a harness, or of a source or target it made; one that is not there, without a reason, fails the case. */
export function given<O extends object, K extends keyof O & string>(
  owner: O,
  name: K,
): NonNullable<O[K]> {
  return part(
    owner,
    name,
    `cannot be tried: the harness has no ${name}; give it, or say in lacks.${name} why there is none`,
  )
}

/** A method of a session or checkpoint; where it may be absent, `lacks` has to say why it is. */
export function methodOf<O extends object, K extends keyof O & string>(
  session: O,
  name: K,
): NonNullable<O[K]> {
  return part(session, name, `${name} is missing; where it may be, say in lacks.${name} why`)
}

function part<O extends object, K extends keyof O>(
  owner: O,
  name: K,
  message: string,
): NonNullable<O[K]> {
  const found = owner[name]
  if (found === undefined || found === null) throw new AssertionError({ message })
  return typeof found === 'function' ? (found.bind(owner) as NonNullable<O[K]>) : found
}
