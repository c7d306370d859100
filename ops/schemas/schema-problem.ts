import { messageOf } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import { parseAvroType } from './avro-type.ts';

/** Why a file cannot be worked with, and what to do. */
export interface Problem {
  readonly consequence: string;
  readonly remedy: string;
}

const byteOrderMark = '\uFEFF';

/** Why a text is not the JSON of a file; undefined where it is. */
export function jsonProblem(text: string): Problem | undefined {
  if (text.startsWith(byteOrderMark)) {
    return { consequence: 'begins with a byte order mark, which JSON has not', remedy: 'save it as UTF-8 without one' };
  }
  if (/^<{7} /m.test(text)) {
    const remedy =
      'resolve the conflict in schemas/events and schemas/topics.ts by hand; then `freshet schemas record --onto <branch>`, ' +
      'with the branch that is merged into, takes what is recorded from there and makes your change the version after';
    return { consequence: 'holds conflict markers of git', remedy };
  }
  try {
    JSON.parse(text);
  } catch (error) {
    return { consequence: `is not JSON: ${messageOf(error, 200)}`, remedy: 'correct its syntax' };
  }
  const twice = keyTwice(text);
  if (twice === undefined) return undefined;
  const consequence = `has ${twice} twice in one object, and only the last of them would count`;
  return { consequence, remedy: 'make two objects of it, as after a merge of two fields, or take one away' };
}

/** The first key that an object of valid JSON has twice, with its quotes; parsers keep the last without a word. */
function keyTwice(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (key !== undefined) {
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

/** Why neither a reader nor types can be made from a schema's JSON; undefined where they can. */
export function schemaProblem(json: string): Problem | undefined {
  try {
    const { kind } = parseAvroType(json);
    if (kind !== 'record') throw new Error(`is of type ${kind}: a topic carries records`);
    avroSchema(json);
    return undefined;
  } catch (error) {
    const consequence = messageOf(error, 300);
    const remedy = /undefined type name|not defined before/.test(consequence)
      ? 'define the type where it is used first, by the order of the fields: its definition goes with the field that holds it'
      : 'correct it; the Avro specification tells what a schema may hold';
    return { consequence, remedy };
  }
}
