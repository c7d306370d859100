import type { InteractionSubmitted } from '../../../schemas/generated/interaction-submitted.v1.ts';
import type { ReadResult, RecordReader } from '../../broker/codec.ts';
import { submittedInput } from '../../domain/intake/submitted.ts';
import { isTraceparent } from '../../domain/intake/traceparent.ts';
import { parseJson } from './read-json.ts';

/** One record of an ingest topic, whatever its format: what HTTP would have had as a body. */
export interface Submission {
  readonly input: unknown;
  /** W3C traceparent of the record's headers, or null. */
  readonly trace: string | null;
}

type Headers = Readonly<Record<string, Buffer>> | undefined;

function traceOf(headers: Headers): string | null {
  const trace = headers?.traceparent?.toString();
  return isTraceparent(trace) ? trace : null;
}

/** Unframed JSON in UTF-8, under the limit of an HTTP body. */
export const jsonSubmissions: RecordReader<Submission> = {
  read(bytes, headers) {
    const result = parseJson(bytes);
    if (result.ok) return { ok: true, value: { input: result.body, trace: traceOf(headers) } };
    const { code, detail } = result.problem;
    return { ok: false, reason: 'undecodable', message: `${code}: ${detail}`, code };
  },
};

/** Avro with the Confluent prefix, by whatever version of the schema it was written. */
export function avroSubmissions(reader: RecordReader<InteractionSubmitted>): RecordReader<Submission> {
  const submission = (result: ReadResult<InteractionSubmitted>, headers: Headers): ReadResult<Submission> =>
    result.ok ? { ...result, value: { input: submittedInput(result.value), trace: traceOf(headers) } } : result;
  return {
    read(bytes, headers) {
      const reading = reader.read(bytes, headers);
      return reading instanceof Promise
        ? reading.then((result) => submission(result, headers))
        : submission(reading, headers);
    },
  };
}
