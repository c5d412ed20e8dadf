// The JSON Schema of a workload file, made from the schema that validates it, so that an editor can help to write one.
import { toJsonSchema } from '@valibot/to-json-schema';
import type { APIRoute } from 'astro';
import { workload, WORKLOAD_VERSION } from '../../brokers/workload.ts';

export const GET: APIRoute = () => {
  // Checks that JSON Schema cannot say (safe integers) are left to the validator itself.
  const schema = toJsonSchema(workload, { typeMode: 'input', errorMode: 'ignore' });
  return Response.json({ title: `Brokerbook workload, version ${WORKLOAD_VERSION}`, ...schema });
};
