// The JSON Schema of a scenario file, made from the schema that validates it, so that an editor can help to write one.
import { toJsonSchema } from '@valibot/to-json-schema';
import type { APIRoute } from 'astro';
import { SCENARIO_VERSION, scenarioSchema } from '../../scenarios/schema.ts';

export const GET: APIRoute = () => {
  // Checks that JSON Schema cannot say (safe integers) are left to the validator itself.
  const schema = toJsonSchema(scenarioSchema, { typeMode: 'input', errorMode: 'ignore' });
  return Response.json({ title: `Brokerbook scenario, version ${SCENARIO_VERSION}`, ...schema });
};
