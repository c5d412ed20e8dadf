/** Each workload's first frames on both brokers, for the page that compares them. */
import type { APIRoute, GetStaticPaths } from 'astro';
import { workloadPoster } from '../../components/beside-poster.ts';
import { workloads } from '../../scenarios/workloads.ts';

export const getStaticPaths = (() =>
  [...workloads.keys()].map((id) => ({ params: { id } }))) satisfies GetStaticPaths;

export const GET: APIRoute = ({ params }) => new Response(JSON.stringify(workloadPoster(params['id'] ?? '')));
