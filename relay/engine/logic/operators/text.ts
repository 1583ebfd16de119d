/** Logic: `cat` and `substr`. Built texts are paid for, since a loop that doubles a text would fill the memory. */
import type { Evaluate } from '../node.ts'
import type { Operator } from '../operator.ts'
import { LogicError } from '../error.ts'
import { trimSpace } from '../go-text.ts'
import { needList, toInteger, toText } from '../values.ts'

/** Characters that cost one step. */
const CHARACTERS = 16

const cat: Operator = {
  pure: true,
  joins: true,
  build({ operator, whole }): Evaluate {
    return (data, run) => {
      const operands = whole.evaluate(data, run)
      if (typeof operands === 'string') return operands
      const list = needList(operands, operator)
      if (list.length === 1) return toText(list[0])
      let text = ''
      for (const operand of list) {
        const part = toText(operand)
        run.spend(1 + part.length / CHARACTERS)
        text += part
      }
      return trimSpace(text)
    }
  },
}

/** Counts code points. A start outside of the text gives all of it; an end before the start is an error. */
const substr: Operator = {
  pure: true,
  build({ operator, whole }): Evaluate {
    return (data, run) => {
      const list = needList(whole.evaluate(data, run), operator)
      const text = toText(list[0])
      run.spend(text.length / CHARACTERS)
      const points = Array.from(text)
      const wanted = toInteger(list[1])
      const from = wanted < 0 ? points.length + wanted : wanted
      if (from < 0 || from > points.length) return text
      const length = list.length === 3 ? toInteger(list[2]) : points.length
      const to = length < 0 ? points.length + length : Math.min(from + length, points.length)
      if (to < from) throw new LogicError('"substr" ends before it starts')
      return points.slice(from, to).join('')
    }
  },
}

export const text: readonly (readonly [string, Operator])[] = [
  ['cat', cat],
  ['substr', substr],
]
