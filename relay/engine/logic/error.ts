/**
 * Logic: the one error a rule ends with at run time. Whoever runs a rule turns it into the flag's fault; it never means
 * that the engine is broken, only that the rule cannot be applied to these data.
 */

/** A rule that cannot be parsed or applied: unknown operator, operand of a wrong type, too much work. */
export class LogicError extends Error {
  override readonly name = 'LogicError'
}
