/** Each lab as a file to download. */
import type { APIRoute, GetStaticPaths } from 'astro';
import { labFor, labIds } from '../../labs/index.ts';
import { zipOf } from '../../labs/lab.ts';

export const getStaticPaths = (() => labIds.map((id) => ({ params: { id } }))) satisfies GetStaticPaths;

export const GET: APIRoute = async ({ params }) =>
  new Response(zipOf(await labFor(params['id'] ?? '')), { headers: { 'content-type': 'application/zip' } });
